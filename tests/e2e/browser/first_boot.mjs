// From a box that nobody has spoken to yet to the first call.
export const steps = ({ base, page, password, picture }) => ({
  // Goes through the set-up and stops at the step before `until`; leaves once in the middle and comes back.
  async first_boot({ people, greeting }) {
    await page.goto(base + "/");
    const began = new URL(page.url()).pathname;
    await picture("welcome");
    await page.fill("#password", password);
    await page.fill("#again", password);
    await page.locator("button.primary").click();
    await page.waitForURL(/\/setup\//);
    const seen = [];
    let resumed = "";
    for (let guard = 0; guard < 12; guard += 1) {
      const step = new URL(page.url()).pathname.split("/").pop();
      seen.push(step);
      if (step === "office") await page.fill('[name="office.name"]', "Lotus Dental");
      if (step === "hours") {
        for (const box of await page.locator('.ticks input[type="checkbox"]').all()) await box.check();
        await page.fill("#opens", "00:00");
        await page.fill("#closes", "23:59");
      }
      if (step === "lines") await page.locator('[data-region="lines"] .verdict-good').first().waitFor();
      if (step === "greeting") await page.fill("#text", greeting);
      if (step === "people") {
        await page.fill("#list", people);
        // Somebody is called away, and comes back later.
        await page.goto(base + "/");
        await page.locator('.note a[href="/setup"]').click();
        await page.waitForURL(/\/setup\//);
        resumed = new URL(page.url()).pathname.split("/").pop();
        await page.fill("#list", people);
      }
      await picture(`setup-${step}`);
      if (step === "test") return { began, seen, resumed };
      await page.locator('form[action^="/setup/"] .ends button.primary').click();
      await page.waitForURL((url) => !url.pathname.endsWith("/" + step));
    }
    throw new Error("the set-up has no end: " + seen);
  },
  // What a new person needs to have a phone: the code to scan, the account in words.
  async phone_of({ number }) {
    await page.goto(base + "/setup/phones");
    await page.locator(`a[href="/people/${number}/phone"]`).click();
    await page.waitForURL(/\/phone$/);
    await picture("setup-phone-of-a-person");
    // The password shows when somebody asks to see it, not over their shoulder.
    const hidden = await page.locator("main").innerText();
    await page.locator("#reveal").click();
    await page.locator("#secret").waitFor();
    return { hidden, text: await page.locator("main").innerText() };
  },
  // A code is made by the button, is shown once, and outlives a reload of the page.
  async code_of({ number }) {
    await page.goto(`${base}/people/${number}/phone`);
    const before = await page.locator("main .qr").count();
    await page.locator('button[value="invite"]').click();
    await page.locator("main .qr").waitFor();
    await picture("code-of-a-phone");
    await page.locator("#invitation summary").click();
    const address = await page.locator("#invitation details .mono").innerText();
    await page.reload();
    return { before, address, after: await page.locator("main .qr").count(), html: await page.content(),
      told: await page.locator(".invited").innerText() };
  },
  // Another one stands on the page until a phone has used it; then it goes by itself.
  async next_code() {
    await page.locator('button[value="invite"]').click();
    await page.locator("main .qr").waitFor();
    await page.locator("#invitation summary").click();
    return { address: await page.locator("#invitation details .mono").innerText() };
  },
  async code_is_used() {
    await page.locator("main .qr").waitFor({ state: "detached" });
    return { told: await page.locator(".invited").innerText() };
  },
  async withdraw_code() {
    await page.locator('button[value="withdraw"]').click();
    await page.locator('button[value="withdraw"]').waitFor({ state: "detached" });
    return { told: await page.locator(".invited").innerText() };
  },
  // The page of the phone says by itself that it is there, once it has registered.
  async phone_is_there() {
    await page.locator(".presence .dot.free").waitFor();
    await page.goto(base + "/setup/test");
  },
  // The call shows on the page while it is talked in; then the set-up is over.
  async test_call() {
    await page.locator(".live-calls li.talking").first().waitFor();
    const said = await page.locator(".live-calls li").first().innerText();
    await picture("setup-test-call");
    return { said };
  },
  async finish() {
    await page.locator('form[action^="/setup/"] .ends button.primary').click();
    await page.waitForURL(base + "/");
    return { reminded: await page.locator('.note a[href="/setup"]').count() };
  },
});
