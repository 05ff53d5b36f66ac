// Every page of settings: made, changed, taken back.
export const steps = ({ base, page, picture, go, save, confirm, undo }) => {
  // Which fields of an open form can be given another value without knowing what they mean.
  const PLAIN = 'form.sheet input[type="number"][name], form.sheet .switch input[name], form.sheet input[type="text"][name]:not([list])';
  const MOST_TRIED = 8;

  const read = async (field) => (await field.getAttribute("type")) === "checkbox" ? field.isChecked() : field.inputValue();
  async function change(name) {
    const field = page.locator(`[name="${name}"]`).first();
    const kind = await field.getAttribute("type");
    if (kind === "checkbox") { await page.locator(`label.switch:has([name="${name}"])`).click(); return; }
    const before = await field.inputValue();
    if (kind !== "number") { await field.fill(`${before} 2`.trim()); return; }
    const most = Number((await field.getAttribute("max")) ?? Infinity);
    await field.fill(String(Number(before) + (Number(before) + 1 <= most ? 1 : -1)));
  }
  async function fill(fields) {
    for (const [name, value] of fields) {
      if (name.startsWith("add:")) { await go(page.locator(`button[value="${name}"]`)); continue; }
      const field = page.locator(`[name="${name}"]`).first();
      await field.waitFor();
      for (const closed of await page.locator(`details:not([open]):has([name="${name}"]) > summary`).all()) await closed.click();
      if (await field.evaluate((one) => one.tagName) === "SELECT") await field.selectOption(value);
      else if ((await field.getAttribute("type")) === "checkbox") await page.locator(`label:has([name="${name}"])`).first().click();
      else await field.fill(value);
    }
  }
  const entries = () => page.locator("ul.people a.row").count();

  // Changes the first plain field that the switch lets be changed, sees the change in force, takes it back.
  async function change_and_undo(address) {
    await page.goto(base + address);
    const names = await page.locator(PLAIN).evaluateAll((all) => all.filter((one) => one.checkVisibility() && !one.name.endsWith("_key")).map((one) => one.name));
    for (const name of names.slice(0, MOST_TRIED)) {
      await page.goto(base + address);
      const field = page.locator(`[name="${name}"]`).first();
      const before = await read(field);
      await change(name);
      const wanted = await read(field);
      await go(page.locator('.sheet .ends.sticky button[value="save"]'));
      if (await page.locator(".changes tr").count() === 0) continue;
      await go(page.locator('form[action="/settings/apply"] button.primary'));
      if (await page.locator('.note.good form[action="/history/restore"]').count() === 0) continue;
      const saved = page.url();
      await page.goto(base + address);
      const changed = await read(field);
      await page.goto(saved);
      await undo();
      await page.goto(base + address);
      const after = await read(field);
      if (changed !== wanted) return `${name} is ${changed}, not ${wanted}, after it was saved`;
      return after === before ? "ok" : `${name} was ${before}, is ${after} after the undoing`;
    }
    // Nothing but lists and secrets: such a section has a story of its own.
    return names.length === 0 ? "empty" : `nothing of ${names.length} could be changed: ${names.slice(0, MOST_TRIED)}`;
  }

  return {
    // Every door of the first page of settings, the first entry behind it where it is a list.
    async every_section() {
      await page.goto(base + "/settings");
      await picture("settings");
      const doors = await page.locator('.doors a[href^="/settings/"]').evaluateAll((all) => all.map((one) => one.getAttribute("href")));
      // Behind the pages of lines and hours.
      doors.push("/settings/lines", "/settings/hours");
      const told = {};
      for (const door of doors) {
        await page.goto(base + door);
        let address = door;
        if (await page.locator("form.sheet").count() === 0) {
          const first = page.locator("ul.people a.row").first();
          if (await first.count() === 0) { told[door] = "empty"; continue; }
          address = await first.getAttribute("href");
        }
        told[door] = await change_and_undo(address);
      }
      return told;
    },
    // Makes an entry of a list, changes it, takes the change back, takes the making back.
    async create({ section, fields }) {
      await page.goto(`${base}/settings/${section}`);
      const before = await entries();
      await page.goto(`${base}/settings/${section}/new`);
      await fill(fields);
      const changes = await save();
      const made = await entries();
      const edited = await change_and_undo(await page.locator("ul.people a.row").last().getAttribute("href"));
      await page.goto(base + "/history");
      // Below the undoing, the change and the making lies what was before.
      await go(page.locator('form[action="/history/restore"] button').nth(3));
      await confirm();
      await page.goto(`${base}/settings/${section}`);
      return { changes, before, made, edited, after: await entries() };
    },
    // The same for a list that is inside a section's own form.
    async create_within({ section, fields, shows }) {
      await page.goto(`${base}/settings/${section}`);
      await fill(fields);
      const changes = await save();
      const saved = page.url();
      await page.goto(`${base}/settings/${section}`);
      const made = await page.locator(shows).count();
      await page.goto(saved);
      await undo();
      await page.goto(`${base}/settings/${section}`);
      return { changes, made, after: await page.locator(shows).count() };
    },
    // Leaves a value that cannot be; returns what the page says, and whether what was typed is still there.
    async nonsense({ address, fields }) {
      await page.goto(base + address);
      await fill(fields);
      await go(page.locator('.sheet .ends.sticky button[value="save"]'));
      const last = fields.at(-1);
      return { said: await page.locator(".problem").first().innerText(), typed: await page.locator(`[name="${last[0]}"]`).first().inputValue() };
    },
    async keep({ address, fields }) {
      await page.goto(base + address);
      await fill(fields);
      return { changes: await save() };
    },
    // People have a page of their own: one is added, renamed, taken away, and the taking away taken back.
    async people({ number, name }) {
      await page.goto(base + "/people");
      const count = () => page.locator("ul.people > li").count();
      const before = await count();
      await page.fill("#number", number);
      await page.fill('form[action="/people"] #name', name);
      await go(page.locator('form[action="/people"] button.primary'));
      await confirm();
      const added = await count();
      const card = page.locator(`ul.people > li:has(#name-${number})`);
      await card.locator("summary").first().click();
      await page.fill(`#name-${number}`, name + " II");
      await go(card.locator('button[value="save"]'));
      await confirm();
      const renamed = await page.locator(`#name-${number}`).inputValue();
      await card.locator("summary").first().click();
      await card.locator("details.ask summary.danger").click();
      await go(card.locator('button[value="remove"]'));
      const removed = await count();
      await undo();
      await page.goto(base + "/people");
      await picture("people");
      return { before, added, renamed, removed, after: await count() };
    },
    // A day is closed on the calendar by a click, and as before after the undoing.
    async day_off({ day, name }) {
      const address = `${base}/calendar?month=${day.slice(0, 7)}&day=${day}`;
      const cell = () => page.locator(`td:has(a[href*="day=${day}#day"])`).innerText();
      await page.goto(address);
      const before = await cell();
      await page.fill("#why", name);
      await go(page.locator('button[value="closed"]'));
      await confirm();
      await picture("calendar");
      const closed = await cell();
      await undo();
      await page.goto(address);
      return { before, closed, after: await cell() };
    },
    async history() {
      await page.goto(base + "/history");
      await picture("history");
      return { revisions: await page.locator(".revisions > li").count(), newest: await page.locator(".revisions > li").first().innerText() };
    },
  };
};
