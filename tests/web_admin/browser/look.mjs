// Walks every page of a running web process in Debian's Chromium, takes pictures, and reports as JSON lines.
//   node look.mjs BASE OUT PASSWORD VIEW       VIEW is SIZE-LANGUAGE-SCHEME: desk|phone, zh|en, light|dark
// Told of each page: what went wrong in its scripts, what it asked of others, what is too wide, what its policy lets
// in from elsewhere, and what axe-core finds serious.
import { readFileSync } from "node:fs";
import { launch, require, watch } from "./chromium.mjs";
const [base, out, password, view] = process.argv.slice(2);
const [size, language, scheme] = view.split("-");
const sizes = { desk: { width: 1280, height: 860 }, phone: { width: 360, height: 740 } };
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

// Pages that no other page's list of doors names.
const PAGES = ["/", "/desk", "/calls", "/tasks", "/texts", "/reports", "/reports/calls?figure=service_level", "/people",
  "/people/101/phone", "/lines", "/settings", "/settings/groups/new", "/settings/queues/new", "/settings/devices/new",
  "/settings/providers/new", "/settings/rooms/new", "/settings/surveys/new", "/calendar?month=2026-10&day=2026-10-10",
  "/menus", "/menus/main", "/menus/new", "/menus?keys=1", "/prompts", "/history", "/system", "/system/log", "/system/network",
  "/system/updates", "/system/acceptance", "/account", "/users", "/integrations", "/certificates", "/setup/language",
  "/setup/office", "/setup/hours", "/setup/lines", "/setup/people", "/setup/phones", "/setup/greeting", "/setup/test", "/nowhere"];
// Before anybody signed in.
const DOORS = ["/login", "/forgotten"];
// Pictures drawn by a library after the page has come.
const DRAWN = { "/reports": ".uplot", call: ".player.drawn" };

const browser = await launch();
const problems = [];
try {
  const context = await browser.newContext({ viewport: sizes[size], colorScheme: scheme });
  await context.addCookies([{ name: "zongji-language", value: language, url: base }]);
  const page = await context.newPage();
  watch(page, base, problems);
  page.on("console", (message) => { if (message.type() === "error" && !/status of 404/.test(message.text())) problems.push(message.text()); });

  await look(page, "/welcome");
  await page.fill("#password", password);
  await page.fill("#again", password);
  await page.click("button.primary");
  await page.waitForURL((url) => !/login|welcome/.test(url.pathname));
  await page.goto(base + "/users");
  await page.locator("details summary").first().click();
  await page.locator('form.person select[name="extension"]').first().selectOption("101");
  await page.locator("form.person button.primary").first().click();
  await page.locator(".note.good").waitFor();

  await page.goto(`${base}/settings`);
  const sections = await page.locator('.doors a[href^="/settings/"]').evaluateAll((all) => all.map((one) => one.getAttribute("href")));
  await page.goto(`${base}/calls`);
  const call = await page.locator("td.when a").first().getAttribute("href");
  for (const path of PAGES) await look(page, path);
  for (const path of sections) await look(page, path);
  await look(page, call, "call");
  await context.clearCookies({ name: "zongji" });
  for (const path of DOORS) await look(page, path);
} finally {
  await browser.close();
}

async function look(page, path, name = "") {
  problems.length = 0;
  const began = performance.now();
  const answer = await page.goto(base + path, { waitUntil: "load" });
  const ms = Math.round(performance.now() - began);
  const drawn = DRAWN[name || path];
  if (drawn) await page.locator(drawn).first().waitFor();
  await page.waitForTimeout(100);
  const file = name || path.replace(/[?&=]/g, "-").replaceAll("/", "-").replace(/^-+/, "") || "now";
  await page.screenshot({ path: `${out}/${file}-${view}.png`, fullPage: true });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  const policy = answer.headers()["content-security-policy"] ?? "";
  const lax = policy.includes("default-src 'none'") && !/unsafe|\*|https?:|wss?:/.test(policy) ? [] : [`policy: ${policy}`];
  const violations = await check(page);
  console.log(JSON.stringify({ path, status: answer.status(), ms, overflow: Math.max(0, wide), problems: [...problems, ...lax], violations }));
}

async function check(page) {
  // Through the debugger, not a script element, and without axe's copies of style sheets: the page's own
  // policy stays as it is and has nothing to complain of.
  await page.evaluate(axe);
  const found = await page.evaluate(() => globalThis.axe.run({ resultTypes: ["violations"], preload: false }));
  return found.violations.filter((one) => ["serious", "critical"].includes(one.impact))
    .map((one) => `${one.id}: ${one.nodes.length}x ${one.nodes[0].html.slice(0, 160)} ${one.nodes[0].any[0]?.message ?? ""}`);
}
