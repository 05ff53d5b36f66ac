// Watches the live page while something happens to the box: node restart.mjs BASE PASSWORD SECONDS; a JSON line a change.
import { createRequire } from "node:module";
const require = createRequire(new URL("../../../web_admin/package.json", import.meta.url));
const { chromium } = require("playwright-core");
const [base, password, seconds] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"] });
const page = await (await browser.newContext({ locale: "en-GB" })).newPage();
await page.goto(base + "/login");
await page.fill("#password", password);
await page.click("button.primary");
await page.waitForURL((u) => !/login/.test(u.pathname));
await page.goto(base + "/");
// A card that nothing happened to must stay the very same element: that is what "without flicker" means.
await page.evaluate(() => { document.getElementById("person-103").dataset.kept = "yes"; });
const end = Date.now() + Number(seconds) * 1000;
let last = "";
console.log(JSON.stringify({ watching: true }));
while (Date.now() < end) {
  const seen = JSON.stringify(await page.evaluate(() => ({
    banner: document.querySelector('[data-region="banner"]').innerText.trim().replace(/\d\d:\d\d:\d\d/, "TIME"),
    offline: !document.getElementById("offline").hidden,
    calls: [...document.querySelectorAll(".live-calls li")].map((one) => one.className.replace(/card|changed/g, "").trim()),
    cords: document.querySelectorAll(".cord").length,
    line: document.querySelector(".column .plug").className.replace(" changed", ""),
    kept: document.getElementById("person-103")?.dataset.kept || "",
  })));
  if (seen !== last) console.log(last = seen);
  await page.waitForTimeout(50);
}
await browser.close();
