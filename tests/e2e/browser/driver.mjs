// Debian's Chromium before a running box, step by step: the test says on stdin what to do next, a JSON line each
// ({"do":"name",…}), and is answered by a JSON line ({"ok":true,"seen":…} or {"ok":false,"error":…}).
//   node driver.mjs BASE OUT PASSWORD
// The steps are in the files beside this one, a file for each story.
import { createInterface } from "node:readline";
import { launch, watch } from "../../web_admin/browser/chromium.mjs";
import { steps as firstBoot } from "./first_boot.mjs";
import { steps as board } from "./board.mjs";
import { steps as desk } from "./desk.mjs";
import { steps as calls } from "./calls.mjs";
import { steps as settings } from "./settings.mjs";
import { steps as menus } from "./menus.mjs";
import { steps as roles } from "./roles.mjs";

const [base, out, password] = process.argv.slice(2);
const PATIENCE_MS = 25_000;
const browser = await launch();
const problems = [];

// Another person's browser: nothing shared with the first.
async function somebody() {
  const context = await browser.newContext({ locale: "en-GB", viewport: { width: 1280, height: 860 }, acceptDownloads: true });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  watch(page, base, problems);
  return page;
}
const page = await somebody();
const picture = (name, of = page) => of.screenshot({ path: `${out}/real-${name}.png`, fullPage: true });

// Clicks, and waits for the page that comes of it; the address may stay the same.
async function go(locator) {
  await page.evaluate(() => { window.left = false; });
  await locator.click();
  await page.waitForFunction(() => window.left === undefined && document.readyState === "complete");
}
// Says yes to what a preview tells; returns its lines.
async function confirm() {
  const changes = await page.locator(".changes tr").allInnerTexts();
  if (changes.length === 0) throw new Error(`nothing to confirm: ${await page.locator("main").innerText()}`);
  await go(page.locator('form[action="/settings/apply"] button.primary, form[action="/history/restore"] button.primary'));
  if (await page.locator(".note.good").count() === 0) throw new Error(`refused: ${await page.locator("main").innerText()}`);
  return changes;
}
// Saves the open form, by its preview.
async function save() {
  await go(page.locator('.sheet .ends.sticky button[value="save"]'));
  const problem = page.locator(".problem");
  if (await problem.count()) throw new Error(`refused: ${await problem.first().innerText()}`);
  return confirm();
}
// Takes back what was just saved, by the button beside the words that it was.
const undo = () => go(page.locator('.note.good form[action="/history/restore"] button'));

const own = {
  // Nothing but the first password: for stories that begin with a box set up.
  async sign_up() {
    await page.goto(base + "/welcome");
    await page.fill("#password", password);
    await page.fill("#again", password);
    await page.locator("button.primary").click();
    await page.waitForURL(/\/setup/);
    await page.goto(base + "/");
    await page.locator('form[action="/setup/end"] button').click();
    await page.waitForURL(base + "/");
  },
  // The owner is given an extension.
  async become({ extension }) {
    await page.goto(base + "/users");
    await page.locator("details summary").first().click();
    await page.locator('form.person select[name="extension"]').first().selectOption(extension);
    await go(page.locator("form.person button.primary").first());
  },
};
const tools = { base, page, password, picture, go, save, confirm, undo, somebody };
const steps = Object.assign(own, ...[firstBoot, board, desk, calls, settings, menus, roles].map((one) => one(tools)));

for await (const line of createInterface({ input: process.stdin })) {
  const { do: what, ...rest } = JSON.parse(line);
  let answer;
  try { answer = { ok: true, seen: (await steps[what](rest)) ?? {} }; } catch (error) {
    await picture(`failed-${what}`).catch(() => {});
    answer = { ok: false, error: `${what} at ${page.url()}: ${error.message}` };
  }
  console.log(JSON.stringify({ ...answer, problems: problems.splice(0) }));
}
await browser.close();
