// Four roles: what each sees, opens and may do.
export const steps = ({ base, page, password, picture, go, somebody }) => ({
  // The owner lets somebody in, who signs in with the password shown once, chooses an own one, then opens `pages`
  // and sends every form of `forms` as their own page would: with the session's token.
  async tries({ name, role, extension, pages, forms }) {
    await page.goto(base + "/users");
    await page.fill("#name", name);
    await page.locator("section.card #role").selectOption(role);
    await page.locator("section.card #extension").selectOption(extension);
    await go(page.locator('form[action="/users"] button.primary'));
    const lent = await page.locator("#fresh").innerText();
    const theirs = await somebody();
    await theirs.goto(base + "/login");
    await theirs.fill("#username", name);
    await theirs.fill("#password", lent);
    await theirs.locator("button.primary").click();
    await theirs.waitForURL((url) => url.pathname === "/account");
    await theirs.goto(base + "/desk");
    const held = new URL(theirs.url()).pathname;
    const inputs = theirs.locator('form:has(input[name="old"]) input[type="password"]');
    await inputs.first().fill(lent);
    for (let index = 1; index < await inputs.count(); index += 1) await inputs.nth(index).fill(password);
    await theirs.locator('form:has(input[name="old"]) button.primary, form:has(input[name="old"]) button').first().click();
    await theirs.waitForURL((url) => url.pathname === "/login");
    await theirs.fill("#username", name);
    await theirs.fill("#password", password);
    await theirs.locator("button.primary").click();
    await theirs.waitForURL((url) => !url.pathname.includes("login"));
    const home = new URL(theirs.url()).pathname;
    const opened = {};
    for (const path of pages) opened[path] = (await theirs.goto(base + path)).status();
    await theirs.goto(base + "/desk");
    await theirs.locator("main").waitFor();
    const doors = await theirs.locator("header nav a").evaluateAll((all) => all.map((one) => one.getAttribute("href")));
    await picture(`desk-of-${role}`, theirs);
    const sent = await theirs.evaluate(async (all) => {
      const csrf = document.querySelector('input[name="csrf"]').value;
      const told = {};
      for (const [path, fields] of all) {
        const answer = await fetch(path, { method: "POST", redirect: "manual", body: new URLSearchParams({ csrf, ...fields }) });
        told[path] = answer.type === "opaqueredirect" ? 303 : answer.status;
      }
      return told;
    }, forms);
    await theirs.context().close();
    return { held, home, opened, doors, sent };
  },
});
