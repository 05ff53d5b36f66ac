// Walks the pages of a running web process in Debian's Chromium, takes pictures, and reports as JSON lines.
//   node look.mjs BASE OUT PASSWORD [VIEW…]     every page as each view: desk-zh desk-en phone-zh phone-en (all)
// axe-core looks at each page where it is installed.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
const require = createRequire(new URL("../../../web_admin/package.json", import.meta.url));
const { chromium } = require("playwright-core");
const [base, out, password, ...asked] = process.argv.slice(2);
const views = asked.length ? asked : ["desk-zh", "desk-en", "phone-zh", "phone-en"];
const say = (what) => console.log(JSON.stringify(what));
let axe = "";
try { axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8"); } catch { /* looked at without */ }

const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});
const sizes = { desk: { width: 1280, height: 860 }, phone: { width: 360, height: 740 } };
try {
  const state = await signedIn();
  for (const [size, viewport] of Object.entries(sizes)) {
    for (const language of ["zh", "en"]) {
      if (!views.includes(`${size}-${language}`)) continue;
      const context = await browser.newContext({ viewport, storageState: state, bypassCSP: false });
      await context.addCookies([{ name: "zongji-language", value: language, url: base }]);
      const page = await context.newPage();
      const problems = [];
      page.on("console", (message) => { if (message.type() === "error") problems.push(message.text()); });
      page.on("pageerror", (error) => problems.push(String(error)));
      page.on("request", (request) => { if (!request.url().startsWith(base) && !/^(data|blob):/.test(request.url())) problems.push(`outside: ${request.url()}`); });
      await page.goto(`${base}/calls`);
      const call = await page.locator("td.when a").first().getAttribute("href").catch(() => null);
      const paths = ["/", "/desk", "/calls", call, "/tasks", "/reports", "/reports/calls?figure=service_level", "/people",
        "/people/101/phone", "/settings", "/settings/office", "/settings/inbound", "/settings/groups/new",
        "/settings/queues/new", "/settings/hours", "/calendar?month=2026-10&day=2026-10-10", "/settings/outbound", "/menus", "/menus/main", "/prompts", "/history",
        "/system", "/system/log", "/account", "/users", "/integrations", "/certificates", "/setup/language", "/setup/office",
        "/setup/hours", "/setup/lines", "/setup/people", "/setup/phones", "/setup/greeting", "/setup/test"].filter(Boolean);
      for (const path of paths) {
        problems.length = 0;
        const began = performance.now();
        await page.goto(base + path, { waitUntil: "load" });
        const ms = Math.round(performance.now() - began);
        await page.waitForTimeout(path === call || path === "/reports" ? 900 : 250);
        const name = path === call ? "call" : path.split("?")[0].replaceAll("/", "-").slice(1) || "now";
        await page.screenshot({ path: `${out}/${name}-${size}-${language}.png`, fullPage: true });
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        const violations = axe ? await check(page) : [];
        say({ path: name, size, language, ms, overflow: Math.max(0, wide), problems: [...problems], violations });
      }
      await context.close();
    }
  }
} finally {
  await browser.close();
}

async function signedIn() {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(base + "/welcome");
  if (page.url().endsWith("/welcome")) {
    await page.screenshot({ path: `${out}/welcome.png` });
    await page.fill("#password", password);
    await page.fill("#again", password);
  } else {
    await page.goto(base + "/login");
    await page.screenshot({ path: `${out}/login.png` });
    await page.fill("#password", password);
  }
  await page.click("button.primary");
  await page.waitForURL((url) => !/login|welcome/.test(url.pathname));
  await page.goto(base + "/users");
  await page.locator("details summary").first().click();
  await page.locator('form.person select[name="extension"]').first().selectOption("101");
  await page.locator("form.person button.primary").first().click();
  const state = await context.storageState();
  await context.close();
  return state;
}

async function check(page) {
  // Through the debugger, not a script element, and without axe's copies of style sheets: the page's own
  // policy stays as it is and has nothing to complain of.
  await page.evaluate(axe);
  const found = await page.evaluate(() => globalThis.axe.run({ resultTypes: ["violations"], preload: false }));
  return found.violations.filter((one) => ["serious", "critical"].includes(one.impact))
    .map((one) => `${one.id}: ${one.nodes[0].html.slice(0, 120)}`);
}
