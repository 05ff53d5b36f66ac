// The menus as a drawn flow: changed as a draft, tried without a call, put in force, taken back.
export const steps = ({ base, page, picture, go, confirm }) => {
  // What would become of a caller who keys this, by the page's dry run.
  async function tried(keys) {
    await page.goto(base + "/menus");
    await page.fill("#keys", keys);
    await go(page.locator("#try button"));
    return page.locator("#try .trace li").allInnerTexts();
  }
  return {
    async try_menu({ keys }) { return { told: await tried(keys) }; },
    // Gives a key of a menu something to do: the form asks for a key, then for what it does.
    async set_key({ menu, key, does, fields }) {
      await page.goto(`${base}/menus/${menu}`);
      const count = Number(await page.locator('[name="menu.keys.#"]').inputValue());
      await go(page.locator('button[value="add:menu.keys"]'));
      await page.locator(`[name="menu.keys.${count}._key"]`).fill(key);
      await page.locator(`[name="menu.keys.${count}.do"]`).selectOption(does);
      for (const [name, value] of fields) {
        const field = page.locator(`[name="menu.keys.${count}.${does}.${name}"]`);
        if (await field.evaluate((one) => one.tagName) === "SELECT") await field.selectOption(value);
        else await field.fill(value);
      }
      await go(page.locator('.sheet .ends.sticky button[value="save"]'));
      const problem = page.locator(".problem");
      if (await problem.count()) throw new Error(await problem.first().innerText());
      await picture("menus-draft");
      return { drawn: (await page.locator("svg.flow text").allTextContents()).join(" "), drafts: await page.locator(".pill.unanswered").count() };
    },
    async publish() {
      await page.goto(base + "/menus");
      await go(page.locator('button[value="publish"]'));
      return { changes: await confirm(), drafts: await page.locator(".pill.unanswered").count() };
    },
    async restore_version() {
      await page.goto(base + "/menus");
      await go(page.locator('button[value="restore"]').first());
      return { changes: await confirm() };
    },
    // An own prompt is typed, listened to in the browser, and removed.
    async prompt({ name, text }) {
      await page.goto(base + "/prompts?language=zh-CN");
      await page.fill("#say-name", name);
      await page.fill("#text", text);
      await go(page.locator('button[value="say"]'));
      const sound = page.locator(`audio[src$="/own/${name}"]`);
      const seconds = await sound.evaluate(async (audio) => {
        audio.muted = true;
        await audio.play();
        return audio.duration;
      });
      await picture("prompts");
      await go(page.locator(`li:has(audio[src$="/own/${name}"]) button[value="removed"]`));
      return { seconds, left: await sound.count() };
    },
  };
};
