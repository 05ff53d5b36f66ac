// Looking for calls, hearing one, taking files away.
import { readFileSync } from "node:fs";

export const steps = ({ base, page, picture }) => ({
  // How many calls a search finds, by what is typed and chosen.
  async search({ query }) {
    await page.goto(`${base}/calls?${query}`);
    return { calls: await page.locator("td.when a").count() };
  },
  async open_call({ id }) {
    await page.goto(base + "/calls");
    const calls = await page.locator("td.when a").count();
    await page.locator(`td.when a[href="/calls/${id}"]`).click();
    await page.locator(".trace").waitFor();
    return { calls, trace: await page.locator(".trace li").allInnerTexts(), spans: await page.locator(".journey rect").count() };
  },
  async play() {
    const figure = page.locator(".player.drawn").first();
    await figure.waitFor();
    const heard = await figure.evaluate(async (player) => {
      const audio = player.querySelector("audio");
      audio.muted = true;
      await audio.play();
      while (audio.currentTime < 0.3 && !audio.ended) await new Promise((done) => setTimeout(done, 20));
      const before = audio.currentTime;
      audio.pause();
      audio.currentTime = 1.0;
      await new Promise((done) => audio.addEventListener("seeked", done, { once: true }));
      return { before, at: audio.currentTime, seconds: audio.duration };
    });
    await picture("call-played");
    return heard;
  },
  async note_and_tag({ note, tags }) {
    await page.fill("#note", note);
    await page.locator('form[action$="/note"] button').click();
    await page.locator(".note.good").waitFor();
    await page.fill("#tags-in", tags);
    await page.locator('form[action$="/tags"] button').click();
    await page.locator(".note.good").waitFor();
  },
  async exports() {
    const got = {};
    const take = async (name, link) => {
      const [download] = await Promise.all([page.waitForEvent("download"), link.click()]);
      got[name] = { file: download.suggestedFilename(), head: readFileSync(await download.path()).subarray(0, 4000).toString("latin1") };
    };
    await page.goto(base + "/reports");
    await page.locator(".uplot").first().waitFor();
    await picture("reports");
    for (const form of ["html", "xlsx", "pdf"]) await take(form, page.locator(`a[href$="/${form}"]`).last());
    await page.goto(base + "/calls");
    await take("csv", page.locator("#csv"));
    await take("calls-xlsx", page.locator('a[href*="calls.xlsx"]').first());
    return got;
  },
  // From a figure, one click on, to its formula and the calls it counts.
  async figure() {
    await page.goto(base + "/reports");
    await page.locator(".figure > a.value").first().click();
    await page.waitForURL(/\/reports\/calls/);
    const formula = await page.locator("p.intro").innerText();
    return { formula, rows: await page.locator("main tbody tr").count(), text: await page.locator("main").innerText() };
  },
});
