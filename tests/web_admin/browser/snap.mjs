// Pictures of single pages: node snap.mjs BASE OUT PASSWORD WIDTH LANGUAGE PATH…
import { createRequire } from "node:module";
const require = createRequire(new URL("../../../web_admin/package.json", import.meta.url));
const { chromium } = require("playwright-core");
const [base, out, password, width, language, ...paths] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"] });
const context = await browser.newContext({ viewport: { width: Number(width), height: 800 }, colorScheme: process.env.SCHEME || "light" });
await context.addCookies([{ name: "zongji-language", value: language, url: base }]);
const page = await context.newPage();
page.on("console", (m) => { if (m.type() === "error") console.log("console:", m.text()); });
page.on("pageerror", (e) => console.log("error:", String(e)));
await page.goto(base + "/login");
await page.fill("#password", password);
await page.click("button.primary");
await page.waitForURL((u) => !/login/.test(u.pathname));
for (let path of paths) {
  if (path === "CALL") { await page.goto(base + "/calls"); path = await page.locator("td.when a").nth(Number(process.env.NTH || 0)).getAttribute("href"); }
  await page.goto(base + path); await page.waitForTimeout(900);
  const name = path.startsWith("/calls/") ? "call" : path.replaceAll("/", "-").slice(1) || "now";
  await page.screenshot({ path: `${out}/${name}-${width}-${language}.png`, fullPage: true });
  console.log(name, await page.evaluate(() => document.documentElement.scrollWidth - innerWidth));
}
await browser.close();
