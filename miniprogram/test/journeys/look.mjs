// What is asked of every page that a journey comes by: no serious findings of axe, targets that a thumb meets, nothing that runs out of the
// screen, nothing in the error log, nothing fetched from elsewhere. A screenshot is kept for people to look at.
import assert from "node:assert/strict";
import fs from "node:fs";
import { createRequire } from "node:module";

const axe = fs.readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** look checks the page that a phone shows, and keeps its picture. */
export async function look(phone, name, { elder = false } = {}) {
  await phone.shot(name);
  if (!(await phone.page.evaluate(() => globalThis.axe))) await phone.page.evaluate((source) => (0, eval)(source) && undefined, axe);
  const found = await phone.page.evaluate(async () => {
    const { violations } = await globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21aa"], resultTypes: ["violations"] });
    return violations.filter((v) => ["serious", "critical"].includes(v.impact)).map((v) => `${v.id}: ${v.nodes.map((n) => n.html.slice(0, 160)).slice(0, 3).join(" | ")}`);
  }).catch((e) => [`axe did not run: ${e.message}`]);
  assert.deepEqual(found, [], `${name}: axe`);

  await stands(phone, name, { elder });
  assert.deepEqual(await phone.errors(), [], `${name}: errors`);
  assert.deepEqual(phone.elsewhere, [], `${name}: fetched from elsewhere`);
  assert.deepEqual(phone.said, [], `${name}: said in the console`);
}

/** everywhere looks at a page at each width: with axe at the narrowest, since the others differ only in how it lies. */
export async function everywhere(phone, name, { elder = false } = {}) {
  await phone.page.setViewportSize({ width: 320, height: 700 });
  await look(phone, `320-${name}`, { elder });
  for (const width of [390, 430]) {
    await phone.page.setViewportSize({ width, height: 844 });
    await stands(phone, `${width}-${name}`, { elder });
    if (width === 390) await phone.shot(`390-${name}`);
  }
}

/** stands checks how a page lies on the screen: targets that a thumb meets, nothing out of the screen, no text cut off, in 长辈版 none that
 * is small. */
export async function stands(phone, name, { elder = false } = {}) {
  const least = elder ? 60 : 44;
  const wrong = await phone.page.evaluate(({ least, elder }) => {
    const shown = document.querySelector(".mp-page:not([hidden])");
    const found = [];
    const say = (what, e, more) => found.push(`${what}: ${e.tagName.toLowerCase()}.${e.className} “${e.textContent.trim().slice(0, 20)}” ${more}`);
    for (const t of shown.querySelectorAll("wx-button, [role=tab], [role=radio], [role=link], [role=button], wx-picker, wx-input, wx-textarea, wx-label")) {
      const r = t.getBoundingClientRect();
      if (r.width && (r.height < least - 0.5 || r.width < 44 - 0.5)) say(`target under ${least} px`, t, `${Math.round(r.width)}×${Math.round(r.height)}`);
    }
    const s = shown.querySelector(".mp-scroller");
    if (s.scrollWidth > s.clientWidth + 1) found.push(`runs out of the screen: ${s.scrollWidth} in ${s.clientWidth}`);
    const texts = document.createTreeWalker(shown.querySelector(".mp-view"), NodeFilter.SHOW_TEXT);
    const range = document.createRange();
    for (let node = texts.nextNode(); node; node = texts.nextNode()) {
      const e = node.parentElement;
      if (!node.data.trim() || !e.checkVisibility({ visibilityProperty: true, opacityProperty: true }) || e.closest("select, style, .t-popup")) continue;
      range.selectNodeContents(node);
      const r = range.getBoundingClientRect();
      if (!r.width) continue;
      if (r.left < -1 || r.right > innerWidth + 1) say("text out of the screen", e, `${Math.round(r.left)}–${Math.round(r.right)} of ${innerWidth}`);
      if (elder && parseFloat(getComputedStyle(e).fontSize) < 18) say("text under 18 px", e, getComputedStyle(e).fontSize);
      for (let box = e; box && box !== s && !box.matches(".mp-view"); box = box.parentElement) {
        const style = getComputedStyle(box);
        if (style.overflow === "visible" || style.webkitLineClamp !== "none" || /auto|scroll/.test(style.overflowY)) continue;
        const b = box.getBoundingClientRect();
        if (r.right > b.right + 1.5 || r.left < b.left - 1.5 || r.bottom > b.bottom + 4 || r.top < b.top - 4) say("text cut off", e, `by ${box.tagName.toLowerCase()}.${box.className}`);
      }
    }
    return found;
  }, { least, elder });
  assert.deepEqual([...new Set(wrong)], [], name);
}
