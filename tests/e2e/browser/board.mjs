// The switchboard as a picture, while people talk.
export const steps = ({ base, page, picture }) => {
  const act = async (what, to = "") => {
    await page.locator("[data-act]").first().click();
    await page.locator("#acts[open]").waitFor();
    if (to) await page.fill("#acts-to", to);
    await page.locator(`#acts button[value="${what}"]`).click();
    await page.waitForFunction(() => !document.getElementById("acts").open);
  };
  return {
    // Opens the board and marks somebody's card: it must be the same element later, however much happens to others.
    async board({ bystander }) {
      await page.goto(base + "/");
      await page.locator(`#person-${bystander}`).waitFor();
      await page.evaluate((number) => { document.getElementById(`person-${number}`).dataset.kept = "yes"; }, bystander);
    },
    // Waits until a person's card says ringing or talking; tells how many cords of that kind are drawn.
    async person_is({ number, phase, name }) {
      await page.locator(`#person-${number}.live.${phase}`).waitFor();
      if (name) await picture(name);
      return { text: await page.locator(`#person-${number}`).innerText(), cords: await page.locator(`.cord.${phase}`).count(), lines: await page.locator(`.column .plug.live.${phase}[id^="line-"]`).count() };
    },
    async drag({ to }) {
      const card = page.locator(".live-calls li[draggable=true]").first();
      await card.waitFor();
      await card.dragTo(page.locator(`#person-${to}`));
      await page.waitForFunction(() => document.getElementById("told").textContent.length > 0);
      return { told: await page.locator("#told").innerText() };
    },
    async kept({ bystander }) {
      return { kept: await page.locator(`#person-${bystander}`).getAttribute("data-kept") };
    },
    async park() {
      await act("park");
      await page.locator(".parked").waitFor();
      await picture("now-parked");
      return { slot: (await page.locator(".parked .big").innerText()).trim() };
    },
    async unparked() { await page.locator(".parked").waitFor({ state: "detached" }); },
    // By right: who may not is told why.
    async listen() {
      await page.evaluate(() => { document.getElementById("told").textContent = ""; });
      await act("listen");
      await page.waitForFunction(() => document.getElementById("told").textContent.length > 0);
      return { told: await page.locator("#told").innerText() };
    },
    async hang_up() {
      await act("hang-up");
      await page.locator(".live-calls").waitFor({ state: "detached" });
    },
    // What the figures of the day say without the page being loaded again.
    async today() {
      await page.waitForTimeout(300);
      return { tiles: await page.locator('[data-region="today"] .tile b').allInnerTexts() };
    },
  };
};
