// A person's own page, as calls come in.
export const steps = ({ base, page, picture }) => ({
  async desk() {
    await page.goto(base + "/desk");
    // The stream has to be there before somebody calls: what comes later must come without a reload.
    await page.locator(".quiet-desk").waitFor();
    await page.evaluate(() => { document.body.dataset.loaded = "once"; });
  },
  async pop() {
    await page.locator(".pop .caller-card").waitFor();
    const text = await page.locator(".pop").innerText();
    await picture("desk-pop");
    return {
      text, earlier: await page.locator(".pop .earlier li").count(),
      notes: await page.locator(".pop blockquote").allInnerTexts(),
      loaded: await page.locator("body").getAttribute("data-loaded"),
    };
  },
  async pop_is({ phase }) { await page.locator(`.pop.${phase}`).waitFor(); },
  async wrap_up({ note }) {
    await page.goto(base + "/desk");
    await page.locator(".chips input").first().check({ force: true });
    await page.fill("#wrap-note", note);
    await page.locator('form[action^="/desk/wrap-up"] > button').click();
    await page.locator(".note.good").waitFor();
  },
  async click_to_call({ to }) {
    await page.goto(base + "/desk");
    await page.fill("#to", to);
    await page.locator('form[action="/desk/call"]:has(#to) button').click();
    await page.locator(".note.good").waitFor();
  },
  // On a phone of 360 px: is anything wider than the screen, and is the screen pop still in sight?
  async small_desk() {
    const other = await page.context().newPage();
    await other.setViewportSize({ width: 360, height: 740 });
    await other.goto(base + "/desk");
    await other.locator(".pop .caller-card").waitFor();
    const box = await other.locator(".pop").boundingBox();
    const wide = await other.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    await picture("desk-pop-phone", other);
    await other.close();
    return { wide, top: box.y };
  },
});
