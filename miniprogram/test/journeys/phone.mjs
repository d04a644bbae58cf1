// A phone for the journeys: the preview in headless Chromium, held by one person, tapped as a finger taps, with its taps counted.
import fs from "node:fs";
import path from "node:path";
import { chromium } from "playwright-core";

const quiet = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

/** browser starts Chromium; CHROMIUM names another one than the system's. */
export const browser = () => chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: quiet });

/** open opens the preview as a person's phone. */
export async function open(chrome, { base, who, width = 390, height = 844, page: at = "", shots, storage, font }) {
  const context = await chrome.newContext({ viewport: { width, height }, deviceScaleFactor: 2, hasTouch: true, isMobile: true, locale: "zh-CN", timezoneId: "Asia/Shanghai", storageState: storage });
  const page = await context.newPage();
  const elsewhere = [];
  const said = [];
  page.on("request", (r) => /^(https?):/.test(r.url()) && !r.url().startsWith(base) && elsewhere.push(r.url()));
  page.on("console", (m) => ["error", "warning"].includes(m.type()) && !/Failed to load resource/.test(m.text()) && said.push(m.text()));
  const query = new URLSearchParams({ who, ...(font ? { font } : {}) });
  await page.goto(`${base}/m/app.html?${query}${at ? "#" + at : ""}`);
  const phone = {
    page, context, taps: 0, elsewhere, said,
    /** find is what is visible with these words: a button, a card, a line. */
    find: (words) => page.locator(`.mp-page:not([hidden]) >> text=${words} >> visible=true`).last(),
    async tap(what) {
      phone.taps++;
      const target = typeof what === "string" ? phone.find(what) : what;
      await target.waitFor({ timeout: 10_000 });
      await target.tap();
    },
    async sees(words, timeout = 10_000) {
      await page.locator(`text=${words} >> visible=true`).first().waitFor({ timeout });
    },
    /** answer presses a button of WeChat's own dialogs, which are no taps of ours. */
    answer: async (words) => page.locator(`.mp-over button:has-text("${words}")`).last().tap(),
    fill: async (label, text) => page.locator(`.mp-page:not([hidden]) [aria-label="${label}"] >> visible=true`).locator("input,textarea").or(page.locator(`.mp-page:not([hidden]) input[aria-label="${label}"], .mp-page:not([hidden]) textarea[aria-label="${label}"]`)).first().fill(text),
    async shot(name) {
      if (!shots) return;
      fs.mkdirSync(shots, { recursive: true });
      await page.waitForTimeout(350);
      await page.screenshot({ path: path.join(shots, `${name}.png`) });
    },
    errors: () => page.evaluate(() => globalThis.__errors),
    close: () => context.close(),
  };
  return phone;
}

/** bind goes through the first sign-in of a phone: the notice agreed to, the number given. */
export async function bind(phone) {
  await phone.sees("第一次使用");
  await phone.page.locator('.mp-page:not([hidden]) input[type="checkbox"]').tap();
  await phone.tap("用微信手机号绑定");
  await phone.answer("允许");
}
