// Journeys of those who lead: what is stuck and why, and what they do about it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { browser, start } from "./phone.mjs";
import { look } from "./look.mjs";

const { BASE: base, SHOTS: shots } = process.env;
let chrome;
before(async () => (chrome = await browser()));
after(() => chrome?.close());

const phoneOf = (who, more = {}) => start(chrome, { base, who, shots, ...more });
const sizes = [["320", { width: 320 }], ["390", {}], ["430", { width: 430 }], ["elder", { font: 24, elder: true }], ["elder-320", { width: 320, font: 24, elder: true }]];
const cards = (phone) => phone.page.locator(".mp-page:not([hidden]) [role=link]");

test("each leader sees what is stuck by tier, and behind each number as many cases with why", async () => {
  for (const who of ["p-principal", "p-deputy-1", "p-chief-1", "p-secretary-1", "p-supervisor-1"]) {
    const leader = await phoneOf(who);
    await leader.press("卡在哪里");
    await leader.sees("范围：");
    const { tiers } = await leader.api("/api/v1/cases/tiers?own=true");
    for (const tier of tiers)
      for (const [words, n] of [["在办", tier.open], ["已超期", tier.late], ["快到期", tier.near]]) {
        const box = leader.page.locator(`.mp-page:not([hidden]) [role=radio][aria-label="${tier.label} ${words} ${n}"]`);
        await leader.tap(box);
        await leader.sees(`${tier.label}${words}，先到期的在前`);
        await leader.sees(n ? "没有更多了" : "没有这样的难事");
        assert.equal(await cards(leader).count(), n, `${who}: ${tier.label} ${words}`);
        for (const why of await leader.page.locator(".mp-page:not([hidden]) .why").allTextContents()) assert.match(why, /月\d+日起.*。$/);
        await leader.tap(box);
      }
    await leader.sees("各级在办");
    await look(leader, `stuck-${who}`);
    if (who === "p-deputy-1") {
      await leader.tap("全街道");
      await leader.sees("范围：全街道");
      await look(leader, "stuck-whole");
    }
    await leader.close();
  }
});

test("what is stuck stands at every size, cannot be read, and is read again", async () => {
  for (const [name, { elder = false, ...rest }] of sizes) {
    const leader = await phoneOf("p-principal", rest);
    await look(leader, `stuck-home-${name}`, { elder });
    await leader.press("卡在哪里");
    await leader.sees("没有更多了");
    await look(leader, `stuck-${name}`, { elder });
    if (name === "390") {
      await leader.page.route(/\/api\/v1\/cases\/(stuck|tiers)/, (r) => r.fulfill({ status: 500, contentType: "application/problem+json", body: JSON.stringify({ status: 500, code: "internal", reason: "internal", message: "服务器出错，请稍后再试。" }) }));
      await leader.to("#leader/stuck/index");
      await leader.sees("服务器出错");
      await look(leader, "stuck-failed");
      await leader.page.unroute(/\/api\/v1\/cases\/(stuck|tiers)/);
      await leader.press("重试");
    }
    await leader.close();
  }
});
