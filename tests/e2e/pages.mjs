// Debian's Chromium before a running box, step by step: the test says on stdin what to do next, a JSON line each
// ({"do":"name",…}), and is answered by a JSON line ({"ok":true,"seen":…} or {"ok":false,"error":…}).
//   node pages.mjs BASE OUT PASSWORD
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { readFileSync } from "node:fs";
const require = createRequire(new URL("../../web_admin/package.json", import.meta.url));
const { chromium } = require("playwright-core");
const [base, out, password] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required"] });
const context = await browser.newContext({ locale: "en-GB", viewport: { width: 1280, height: 860 }, acceptDownloads: true });
context.setDefaultTimeout(25000);
const page = await context.newPage();
const problems = [];
page.on("pageerror", (error) => problems.push(String(error)));
page.on("request", (request) => { if (!request.url().startsWith(base) && !/^(data|blob):/.test(request.url())) problems.push(`outside: ${request.url()}`); });
const picture = (name) => page.screenshot({ path: `${out}/real-${name}.png`, fullPage: true });
const press = (locator) => Promise.all([page.waitForLoadState("load"), locator.click()]);
const nameOf = (url) => new URL(url).pathname;

// Saves the open form, reads what the preview says, confirms it.
async function save() {
  await page.locator('.sheet .ends.sticky button[value="save"]').click();
  await page.locator(".changes tr").first().waitFor();
  const changes = await page.locator(".changes tr").allInnerTexts();
  await page.locator('form[action="/settings/apply"] button.primary').click();
  await page.locator(".note.good").waitFor();
  return changes;
}
async function undo() {
  await page.locator('.note.good form[action="/history/restore"] button').click();
  await page.locator(".note.good").waitFor();
}

const steps = {
  async first_boot({ people }) {
    await page.goto(base + "/");
    const began = nameOf(page.url());
    await page.fill("#password", password);
    await page.fill("#again", password);
    await press(page.locator("button.primary"));
    await page.waitForURL(/\/setup\//);
    const seen = [];
    for (let guard = 0; guard < 12; guard += 1) {
      const step = nameOf(page.url()).split("/").pop();
      seen.push(step);
      if (step === "office") await page.fill('[name="office.name"]', "Lotus Dental");
      if (step === "hours") {
        for (const box of await page.locator('.ticks input[type="checkbox"]').all()) await box.check();
        await page.fill("#opens", "00:00");
        await page.fill("#closes", "23:59");
      }
      if (step === "lines") await page.locator('[data-region="lines"] .verdict-good').first().waitFor();
      if (step === "greeting") await page.fill("#text", "您好，这里是莲花牙科，请拨分机号。");
      if (step === "people") await page.fill("#list", people);
      await picture(`setup-${step}`);
      if (step === "test") return { began, seen };
      await page.locator('form[action^="/setup/"] .ends button.primary').click();
      await page.waitForURL((url) => !url.pathname.endsWith("/" + step));
    }
    throw new Error("the set-up has no end: " + seen);
  },
  async test_call() {
    await page.locator(".live-calls li.talking").first().waitFor();
    const said = await page.locator(".live-calls li").first().innerText();
    await picture("setup-test-call");
    await page.locator('form[action^="/setup/"] .ends button.primary').click();
    await page.waitForURL(base + "/");
    return { said };
  },
  async become({ extension }) {
    await page.goto(base + "/users");
    await page.locator("details summary").first().click();
    await page.locator('form.person select[name="extension"]').first().selectOption(extension);
    await page.locator("form.person button.primary").first().click();
    await page.locator(".note.good").waitFor();
  },
  async drag({ to }) {
    await page.goto(base + "/");
    const card = page.locator(".live-calls li[draggable=true]").first();
    await card.waitFor();
    await page.evaluate(() => { document.getElementById("person-103").dataset.kept = "yes"; });
    const cords = await page.locator(".cord.talking").count();
    await picture("now-talking");
    await card.dragTo(page.locator(`#person-${to}`));
    await page.waitForFunction(() => document.getElementById("told").textContent.length > 0);
    return { cords };
  },
  async talks({ number }) {
    await page.locator(`#person-${number}.live.talking`).waitFor();
    await picture("now-handed-on");
    return { kept: await page.locator("#person-103").getAttribute("data-kept") };
  },
  async hang_up() {
    await page.locator("[data-act]").first().click();
    await page.locator('#acts button[value="hang-up"]').click();
    await page.locator(".live-calls").waitFor({ state: "detached" });
  },
  async pop() {
    await page.locator(".pop .caller-card").waitFor();
    const text = await page.locator(".pop").innerText();
    await picture("desk-pop");
    return { text, earlier: await page.locator(".pop .earlier li").count() };
  },
  async desk() {
    await page.goto(base + "/desk");
    await page.waitForTimeout(300);
  },
  async wrap_up({ note }) {
    await page.goto(base + "/desk");
    await page.locator(".chips input").first().check({ force: true });
    await page.fill("#wrap-note", note);
    await page.locator('form[action^="/desk/wrap-up"] > button').click();
    await page.locator(".note.good").waitFor();
  },
  async player() {
    await page.goto(base + "/calls");
    const calls = await page.locator("td.when a").count();
    await page.locator("td.when a").last().click();
    await page.locator(".player.drawn").first().waitFor();
    const heard = await page.evaluate(async () => {
      const audio = document.querySelector(".player audio");
      audio.muted = true;
      await audio.play();
      await new Promise((done) => setTimeout(done, 1200));
      const at = audio.currentTime;
      audio.pause();
      return { at, seconds: audio.duration };
    });
    await picture("call-played");
    return { calls, ...heard, trace: await page.locator(".trace li").count(), journey: await page.locator(".journey rect").count() };
  },
  async exports() {
    const got = {};
    const take = async (name, link) => {
      const [download] = await Promise.all([page.waitForEvent("download"), link.click()]);
      got[name] = { file: download.suggestedFilename(), head: readFileSync(await download.path()).subarray(0, 2000).toString("latin1") };
    };
    await page.goto(base + "/reports");
    await page.locator(".uplot").first().waitFor();
    await picture("reports");
    for (const form of ["html", "xlsx", "pdf"]) await take(form, page.locator(`a[href$="/${form}"]`).last());
    await page.goto(base + "/calls");
    await take("csv", page.locator("#csv"));
    return got;
  },
  async create_group() {
    await page.goto(base + "/settings/groups/new");
    const key = page.locator("#key");
    if (await key.count()) await key.fill("front");
    for (const [name, value] of [["name", "Front desk"], ["number", "610"]]) {
      const field = page.locator(`[name$=".new.${name}"]`);
      if (await field.count()) await field.fill(value);
    }
    await page.locator('button[value="add:groups.new.members"]').click();
    const member = page.locator('select[name^="groups.new.members.0"], input[name^="groups.new.members.0"]').first();
    await member.waitFor();
    if (await member.evaluate((one) => one.tagName) === "SELECT") await member.selectOption("101");
    else await member.fill("101");
    const created = await save();
    await page.goto(base + "/settings/groups");
    const rows = await page.locator("ul.people a.row").count();
    await page.locator("ul.people a.row").last().click();
    const number = page.locator('form.sheet input[type="number"]').first();
    await number.fill(String(Number(await number.inputValue()) + 1));
    const edited = await save();
    await undo();
    await page.goto(base + "/history");
    await picture("history");
    const history = await page.locator(".revisions > li").count();
    await page.goto(base + "/settings/groups");
    return { created, edited, rows, history };
  },
};

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
