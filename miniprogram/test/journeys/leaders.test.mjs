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

test("figures: each number is the server's, by month and by week, of one's own and of the street, at every size", async () => {
  for (const [name, { elder = false, ...rest }] of sizes) {
    const leader = await phoneOf("p-deputy-1", rest);
    await leader.press("统计", true);
    await leader.sees("按事项类别");
    const f = await leader.api("/api/v1/figures?own=true");
    const page = leader.page.locator(".mp-page:not([hidden])");
    for (const d of f.departments) {
      const card = page.locator(".card", { hasText: d.department.name });
      assert.match(await card.first().textContent(), new RegExp(`交到部门${d.given}按时接单率${d.accept_rate ?? "—"}`));
    }
    assert.ok(f.periods.some((p) => p.resolved > 0), "nothing resolved");
    await leader.gone("不满意"); // of which there is nothing
    await look(leader, `figures-${name}`, { elder });
    await leader.tap("按周");
    await leader.sees("日起（到今天）");
    await page.locator("text=按部门").scrollIntoViewIfNeeded();
    await look(leader, `figures-week-${name}`, { elder });
    await leader.tap("全街道");
    await leader.sees("范围：全街道");
    await leader.close();
  }
  const head = await phoneOf("p-head-zhifa");
  await head.press("统计", true);
  await head.sees("范围：综合行政执法队");
  await look(head, "figures-head");
  await head.close();
});

/** advance moves the demonstration's clock. */
const advance = (phone, who, days) =>
  phone.page.evaluate(async ([who, days]) => {
    const { access } = JSON.parse(localStorage.getItem(`preview/${who}/session`));
    const answer = await fetch("/api/v1/dev/clock", { method: "POST", headers: { Authorization: `Bearer ${access}`, "Content-Type": "application/json" }, body: JSON.stringify({ working_days: days }) });
    if (!answer.ok) throw new Error(await answer.text());
  }, [who, days]);

/** more opens what is behind “更多”, and takes one of it. */
const more = async (phone, words) => {
  await phone.press("更多");
  await phone.press(words, true);
};
const openCase = async (phone, c) => {
  await phone.to(`#pages/case/detail?id=${c.id}`);
  await phone.sees("经过");
};
const listed = async (phone, query) => (await phone.api(`/api/v1/cases?limit=100&${query}`)).items;

test("the principal leader convenes at tier I: leader, duties with days, plan", async () => {
  const leader = await phoneOf("p-principal");
  const [c] = await listed(leader, "tier=I&status=convening");
  await openCase(leader, c);
  await leader.press("会商部署");
  await leader.fill("会商纪要", "主要领导现场协调：执法队牵头，市场所配合，油烟管道限期加装净化器。");
  await leader.choose("牵头部门", "综合行政执法队");
  await look(leader, "convene-i-1-people");
  await leader.name("小组（专班）负责人", "马国梁");
  await leader.name("成员和职责", "秦浩然");
  await leader.fill("职责 1", "每日夜查，固定证据");
  await leader.fill("成员和职责：按姓名或部门找其他人", "市场");
  await look(leader, "convene-i-2-found");
  await leader.name("成员和职责", "董卫东");
  await leader.fill("职责 2", "核查餐饮许可");
  await leader.press("会商部署");
  await leader.sees("还有几处要改"); // the plan is missing; nothing typed is lost
  await look(leader, "convene-i-3-missing");
  await leader.fill("解决方案", "五个工作日内加装净化器并复测，居委每日回访。");
  await leader.press("会商部署");
  await leader.sees("办理中");
  await leader.sees("固定证据");
  await look(leader, "convene-i-4-convened");
  await leader.close();
});

test("convening stands on a small phone and in 长辈版", async () => {
  for (const [name, { elder = false, ...rest }] of [sizes[0], sizes[4]]) {
    const chief = await phoneOf("p-chief-1", rest);
    const [c] = await listed(chief, "tier=II");
    await chief.to(`#staff/command/index?id=${c.id}&name=convene`);
    await chief.sees("解决方案");
    await chief.tap(chief.page.locator('.mp-page:not([hidden]) .choices[aria-label="成员和职责"] wx-button').first());
    await chief.page.locator(".mp-page:not([hidden]) .member").scrollIntoViewIfNeeded();
    await look(chief, `convene-${name}`, { elder });
    await chief.close();
  }
});

test("a deputy leader coordinates, reminds and escalates; the Party secretary takes charge; the chief starts tier I", async () => {
  const deputy = await phoneOf("p-deputy-1");
  await deputy.press("卡在哪里");
  await deputy.sees("没有更多了");
  const c = (await deputy.api("/api/v1/cases/stuck?own=true&tier=III")).items.find((x) => x.status === "handling");
  await deputy.tap(cards(deputy).filter({ hasText: c.number }));
  await deputy.sees("经过");
  await look(deputy, "deputy-1-case");
  await deputy.press("更多");
  await deputy.page.waitForTimeout(400);
  await look(deputy, "deputy-2-more");
  await deputy.press("取消");
  await deputy.press("协调处置", true);
  await deputy.fill("协调意见", "请城运中心与绿容所先修剪，管线另行排期。");
  await look(deputy, "deputy-3-coordinate");
  await deputy.press("协调处置");
  await deputy.sees("请城运中心与绿容所先修剪");
  await more(deputy, "催办");
  await deputy.sees("催办内容");
  await look(deputy, "deputy-4-remind");
  await deputy.press("催办", true);
  await deputy.sees("经过");
  await more(deputy, "升级响应");
  await deputy.fill("升级理由", "牵涉三个部门，分管条线内协调不下来。");
  await look(deputy, "deputy-5-escalate");
  await deputy.press("升级响应");
  await deputy.sees("待会商");
  await look(deputy, "deputy-6-escalated");
  await deputy.close();

  const secretary = await phoneOf("p-secretary-1");
  const [mine] = await listed(secretary, "tier=III");
  await openCase(secretary, mine);
  await secretary.press("领题", true);
  await look(secretary, "secretary-1-take");
  await secretary.press("领题", true);
  await secretary.sees("领题领导");
  await secretary.page.locator('wx-button:text-is("领题") >> visible=true').waitFor({ state: "hidden" }); // taken once
  await look(secretary, "secretary-2-taken");
  await secretary.close();

  const chief = await phoneOf("p-chief-1");
  await openCase(chief, mine);
  await more(chief, "启动Ⅰ级");
  await chief.tap("多人群体投诉");
  await chief.fill("情况说明", "百余户业主集中到居委会反映，情绪激动。");
  await look(chief, "chief-4-open-i");
  await chief.press("启动Ⅰ级");
  await chief.sees("待会商");
  await chief.close();
});

test("the supervisor gives an order and the lead answers it; time passes: held over, struck off, carried over", async () => {
  const supervisor = await phoneOf("p-supervisor-1");
  const c = (await listed(supervisor, "tier=I")).find((x) => x.status === "handling");
  await openCase(supervisor, c);
  await supervisor.press("督办", true);
  await supervisor.fill("督办要求", "请每日报送进度，附夜查记录。");
  await look(supervisor, "supervisor-1-order");
  await supervisor.press("督办", true);
  await supervisor.sees("每日报送进度");
  await look(supervisor, "supervisor-2-ordered");
  await supervisor.close();

  const head = await phoneOf("p-head-zhifa");
  await openCase(head, c);
  await head.press("答复督办");
  await head.fill("督办答复", "已连续三晚夜查，净化器明日进场。");
  await look(head, "head-7-answer");
  await head.press("答复督办");
  await head.sees("净化器明日进场");
  await head.close();

  const leader = await phoneOf("p-principal");
  await advance(leader, "p-principal", 12);
  await openCase(leader, c);
  await leader.sees("已超期");
  await leader.press("挂账", true);
  await leader.fill("理由", "净化设备排产，需延长。");
  await look(leader, "principal-1-hold-over");
  await leader.page.locator('.mp-page:not([hidden]) input[type="date"]').fill("2027-01-15");
  await leader.press("挂账", true);
  await leader.sees("经过");
  await look(leader, "principal-2-held-over");

  await leader.to("#leader/stuck/index");
  await leader.sees("没有更多了");
  await look(leader, "stuck-late");
  const resolved = await listed(leader, "status=resolved");
  assert.ok(resolved.length >= 2, `${resolved.length} resolved`);
  for (const [i, words] of ["销项", "结转续办"].entries()) {
    await openCase(leader, resolved[i]);
    await look(leader, `principal-${3 + 2 * i}-resolved`);
    await leader.press(words, true);
    await leader.fill("专题汇报的决定", words === "销项" ? "已解决，同意销项。" : "居民仍有反映，结转下月继续办。");
    await look(leader, `principal-${4 + 2 * i}-decide`);
    await leader.press(words, true);
    await leader.sees(words === "销项" ? "已销项" : "Ⅲ级");
  }
  await leader.close();
});
