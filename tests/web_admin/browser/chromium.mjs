// Debian's Chromium for all scripts here: quiet, and without a way out of this computer. Whatever is not the box is
// sent to a proxy that nobody serves, so a page that needed the internet would be seen to fail.
import { createRequire } from "node:module";
export const require = createRequire(new URL("../../../web_admin/package.json", import.meta.url));
const { chromium } = require("playwright-core");

export const launch = () => chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required",
    "--proxy-server=http://127.0.0.1:9", "--proxy-bypass-list=127.0.0.1"],
});

// Puts into `problems` what went wrong in a page, and every request that was meant for somebody else.
export function watch(page, base, problems) {
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("request", (request) => { if (!request.url().startsWith(base) && !/^(data|blob):/.test(request.url())) problems.push(`outside: ${request.url()}`); });
}
