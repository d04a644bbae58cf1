// Every page of app.json, and the form of every command, as it stands on phones of each width, plain and in 长辈版. A page that somebody
// adds is opened here by itself, by who its folder is for; what needs more than that (a case, a name) is said in visits. What cannot be
// opened, or is not looked at, fails.
import assert from "node:assert/strict";
import fs from "node:fs";
import { after, before, test } from "node:test";
import esbuild from "esbuild";
import { everywhere } from "./look.mjs";
import { base, browser, open, shots, start } from "./phone.mjs";

const source = new URL("../../src/", import.meta.url);
const app = JSON.parse(fs.readFileSync(new URL("app.json", source), "utf8"));
const pages = [...app.pages, ...app.subPackages.flatMap((s) => s.pages.map((p) => `${s.root}/${p}`))];

/** Who holds the phone on which a folder's pages are opened. */
const holders = { pages: "p-head-fangguan", staff: "p-head-fangguan", leader: "p-principal", figures: "p-principal", resident: "p-resident-1", more: "p-head-fangguan" };
/** What is more than opening a page without a word. */
const visits = {
  "pages/home/index": [{}, { who: "p-resident-1" }, { who: "p-head-fangguan", tap: "可认领" }, { who: "p-head-fangguan", tap: "我上报" }, { who: "p-head-fangguan", tap: "在办" }],
  "pages/me/index": [{}, { who: "p-resident-1" }],
  "pages/inbox/index": [{}, { who: "p-resident-1" }],
  "pages/case/detail": [{ query: "own" }, { who: "p-resident-1", query: "own" }],
  "pages/login/login": [{ who: "p-handler-zhifa-1", fresh: true }],
  "resident/ticket/index": [{ query: "report" }],
  "resident/facts/index": [{ query: "report" }],
  "staff/publication/index": [{ who: "p-centre-1", query: "own" }],
  "staff/tickets/index": [{ who: "p-centre-1" }],
  "staff/reviews/index": [{ who: "p-centre-1" }],
  "staff/ticket/index": [{ who: "p-centre-1", query: "waiting" }, { who: "p-centre-1", query: "waiting", tap: "纳入难事" }],
  "staff/command/index": [], // each command's form, below
};

let chrome, forms;
const seen = new Set();
before(async () => {
  chrome = await browser();
  const { outputFiles } = await esbuild.build({ stdin: { contents: 'export { forms } from "./lib/forms";', resolveDir: source.pathname, loader: "ts" }, bundle: true, format: "esm", write: false });
  ({ forms } = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`));
});
after(() => chrome?.close());

/** pulled says whether a page can be pulled down. */
const pulled = (page) => JSON.parse(fs.readFileSync(new URL(`${page}.json`, source), "utf8")).enablePullDownRefresh === true;

/** settled waits until a page has read what it wanted. */
async function settled(phone) {
  await phone.still();
  await phone.page.locator(".mp-page:not([hidden]) [aria-label=正在读取]").first().waitFor({ state: "hidden", timeout: 15_000 });
}

let report;
/** reportOf is a matter that a resident has reported. */
const reportOf = async (phone) => (report ??= (await phone.api("/api/v1/me/reports", { content: "小区北门路灯坏了三天，晚上看不清路。", place: "蘅芷新村北门" })).id);

const go = (phone, url) => phone.page.evaluate((url) => globalThis.wx.reLaunch({ url }), url);

for (const elder of [false, true]) {
  const mode = elder ? "elder-" : "";
  const phones = new Map();
  const held = async (who, fresh) => {
    if (!phones.has(who)) {
      const options = { base, who, shots, width: 320, height: 700, ...(elder ? { font: 24 } : {}) };
      phones.set(who, fresh ? await open(chrome, options) : await start(chrome, options));
      if (fresh) await phones.get(who).sees("第一次使用");
    }
    return phones.get(who);
  };
  for (const page of pages)
    test(`${page} stands ${elder ? "in 长辈版" : "plainly"}`, async () => {
      const root = page.split("/")[0];
      for (const visit of visits[page] ?? [{}]) {
        const who = visit.who ?? holders[root];
        assert.ok(who, `say in holders who opens the pages of ${root}/`);
        const phone = await held(who, visit.fresh);
        let query = visit.query ? `?${visit.query}` : "";
        if (visit.query === "own") query = `?id=${(await phone.api(`/api/v1/cases?all=true&limit=1${who.startsWith("p-resident") ? "&view=own" : ""}`)).items[0].id}`;
        if (visit.query === "report") query = `?id=${await reportOf(phone)}`;
        if (visit.query === "waiting") query = `?id=${await reportOf(await held("p-resident-1"))}`;
        if (!visit.fresh) await go(phone, `/${page}${query}`);
        await settled(phone);
        if (visit.tap) {
          await phone.tap(visit.tap);
          await settled(phone);
        }
        assert.equal(await phone.page.locator(".mp-page:not([hidden])").first().getAttribute("data-path"), page, `${page} is not what opened`);
        assert.equal(await phone.page.locator(".mp-page:not([hidden]) wx-button:text-is('重试') >> visible=true").count(), 0, `${page} could not be read: say in visits how it is opened`);
        await everywhere(phone, `${mode}${page.replace(/\/index$/, "").replaceAll("/", "-")}-${who.replace(/^p-/, "")}${visit.tap ? "-" + visit.tap : ""}`, { elder });
        if (pulled(page)) {
          await phone.page.evaluate(() => globalThis.wx.startPullDownRefresh());
          await phone.page.locator(".mp-refreshing").waitFor({ state: "detached", timeout: 10_000 });
          await phone.still();
          assert.deepEqual(await phone.errors(), [], `${page}: pulled down`);
        }
        seen.add(`${mode}${page}`);
      }
    });

  test(`the form of every command stands ${elder ? "in 长辈版" : "plainly"}`, async () => {
    const centre = await held("p-centre-1");
    const { items } = await centre.api("/api/v1/cases?all=true&limit=1");
    assert.ok(Object.keys(forms).length > 25);
    for (const name of Object.keys(forms)) {
      await go(centre, `/staff/command/index?id=${items[0].id}&name=${name}&target=`);
      await settled(centre);
      const fields = await centre.page.locator(".mp-page:not([hidden]) .field").count();
      assert.ok(fields >= forms[name].fields.filter((f) => !f.for && !f.not).length, `${name}: ${fields} fields`);
      await everywhere(centre, `${mode}form-${name}`, { elder });
    }
    seen.add(`${mode}staff/command/index`);
  });

  test(`that is every page, ${elder ? "in 长辈版" : "plain"}`, async () => {
    assert.deepEqual(pages.filter((p) => !seen.has(mode + p)), [], "pages of app.json that nothing here has looked at");
    for (const phone of phones.values()) await phone.close();
  });
}

test("长辈版 follows the size of WeChat's text until somebody chooses", async () => {
  const elder = async (font, kept) => {
    const phone = await start(chrome, { base, who: "p-resident-1", font, storage: kept });
    const on = await phone.page.locator(".mp-page:not([hidden]) .page.elder").count();
    return { phone, on: on > 0 };
  };
  const plain = await elder(17);
  assert.equal(plain.on, false);
  await plain.phone.close();
  const large = await elder(20);
  assert.equal(large.on, true);
  await large.phone.tap("我的");
  await large.phone.tap(large.phone.page.locator(".mp-page:not([hidden]) wx-switch").first());
  const kept = await large.phone.context.storageState();
  await large.phone.close();
  const chosen = await elder(24, kept);
  assert.equal(chosen.on, false, "what was chosen stays");
  await chosen.phone.close();
});

test("the first list is painted with one request", async () => {
  const head = await start(chrome, { base, who: "p-head-fangguan", shots });
  await head.page.evaluate(() => Object.keys(localStorage).filter((k) => k.includes("/cache/")).forEach((k) => localStorage.removeItem(k)));
  const asked = [];
  await head.page.route(/\/api\//, async (r) => {
    if (r.request().url().includes("/stream")) return r.continue(); // opens beside the list, which does not wait for it
    asked.push(new URL(r.request().url()).pathname);
    if (asked.length === 1) await new Promise((go) => setTimeout(go, 1000)); // whatever else is asked for before the list is there shows
    await r.continue();
  });
  await Promise.all([head.page.waitForRequest((r) => r.url().includes("/api/") && !r.url().includes("/stream")), head.page.reload({ waitUntil: "commit" })]);
  await head.page.waitForTimeout(900);
  assert.deepEqual(asked, ["/api/v1/todos"]);
  await head.page.locator(".mp-page:not([hidden]) [role=link]").first().waitFor();
  await head.close();
});
