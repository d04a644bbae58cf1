// What is asked of every page that a journey comes by: no serious findings of axe, targets that a thumb meets, nothing that runs out of the
// screen, nothing in the error log, nothing fetched from elsewhere. A screenshot is kept for people to look at.
import assert from "node:assert/strict";
import fs from "node:fs";
import { createRequire } from "node:module";

const axe = fs.readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** look checks the page that a phone shows, and keeps its picture. */
export async function look(phone, name, { elder = false } = {}) {
  await phone.shot(name);
  const found = await phone.page.evaluate(async (source) => {
    if (!globalThis.axe) (0, eval)(source);
    const { violations } = await globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21aa"], resultTypes: ["violations"] });
    return violations.filter((v) => ["serious", "critical"].includes(v.impact)).map((v) => `${v.id}: ${v.nodes.map((n) => n.html.slice(0, 160)).slice(0, 3).join(" | ")}`);
  }, axe).catch(async (e) => [`axe did not run: ${e.message}`]);
  assert.deepEqual(found, [], `${name}: axe`);

  const least = elder ? 60 : 44;
  const small = await phone.page.evaluate((least) => {
    const shown = document.querySelector(".mp-page:not([hidden])");
    const targets = shown.querySelectorAll("wx-button, [role=tab], [role=radio], [role=link], [role=button], wx-picker, wx-input, wx-textarea, wx-label");
    return [...targets].flatMap((t) => {
      const r = t.getBoundingClientRect();
      return r.width && (r.height < least - 0.5 || r.width < 44 - 0.5) ? [`${t.tagName} “${t.textContent.trim().slice(0, 20)}” ${Math.round(r.width)}×${Math.round(r.height)}`] : [];
    });
  }, least);
  assert.deepEqual(small, [], `${name}: targets under ${least} px`);

  const wide = await phone.page.evaluate(() => {
    const s = document.querySelector(".mp-page:not([hidden]) .mp-scroller");
    return s.scrollWidth > s.clientWidth + 1 ? `${s.scrollWidth} in ${s.clientWidth}` : "";
  });
  assert.equal(wide, "", `${name}: runs out of the screen`);
  assert.deepEqual(await phone.errors(), [], `${name}: errors`);
  assert.deepEqual(phone.elsewhere, [], `${name}: fetched from elsewhere`);
  assert.deepEqual(phone.said, [], `${name}: said in the console`);
}
