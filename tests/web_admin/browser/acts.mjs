// What hands do on the switchboard: drags a call onto a person, opens its dialog, sees a call pop up on the desk.
//   node acts.mjs BASE PASSWORD      one JSON line of what was seen
import { launch } from "./chromium.mjs";
const [base, password] = process.argv.slice(2);
const browser = await launch();
try {
  const page = await (await browser.newContext({ locale: "en-GB" })).newPage();
  const problems = [];
  page.on("pageerror", (error) => problems.push(String(error)));
  await page.goto(base + "/welcome");
  await page.fill("#password", password);
  await page.fill("#again", password);
  await page.click("button.primary");
  await page.goto(base + "/users");
  await page.locator("details summary").first().click();
  await page.locator('form.person select[name="extension"]').first().selectOption("101");
  await page.locator("form.person button.primary").first().click();
  await page.goto(base + "/");
  const card = page.locator(".live-calls li[draggable=true]").first();
  await card.waitFor();
  await card.dragTo(page.locator("#person-102"));
  await page.waitForFunction(() => document.getElementById("told").textContent.length > 0);
  const dragged = await page.locator("#told").innerText();
  await page.locator("[data-act]").first().click();
  const title = await page.locator("#acts-title").innerText();
  await page.locator('#acts button[value="park"]').click();
  await page.waitForFunction(() => !document.getElementById("acts").open);
  await page.waitForTimeout(600);
  await page.goto(base + "/desk");
  const pop = page.locator(".pop .caller-card");
  await pop.waitFor();
  const card_text = await pop.innerText();
  await page.fill("#to", "10086");
  await page.locator('form[action="/desk/call"]:has(#to) button').click();
  await page.waitForURL(/notice=/);
  console.log(JSON.stringify({ dragged, title, card: card_text, called: await page.locator(".note.good").innerText(), problems }));
} finally {
  await browser.close();
}
