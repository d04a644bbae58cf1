// Journeys of those who lead: what is stuck and why, and what they do about it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { base, browser, shots, start } from "./phone.mjs";
import { everywhere, look, stands } from "./look.mjs";

let chrome;
before(async () => (chrome = await browser()));
after(() => chrome?.close());

const phoneOf = (who, more = {}) => start(chrome, { base, who, shots, ...more });
const cards = (phone) => phone.page.locator(".mp-page:not([hidden]) [role=link]");

test("each leader sees what is stuck by tier, and behind each number as many cases with why", async () => {
  for (const who of ["p-principal", "p-deputy-1", "p-chief-1", "p-secretary-1", "p-supervisor-1"]) {
    const leader = await phoneOf(who);
    await leader.press("卡在哪里");
    await leader.sees("范围：");
    const { tiers } = await leader.api("/api/v1/cases/tiers?own=true");
    if (who === "p-principal" || who === "p-supervisor-1") assert.ok(tiers.find((t) => t.label === "未定级").open > 0, "what nobody has dispatched yet");
    for (const tier of tiers)
      for (const [words, n] of [[tier.tier === "none" ? "未交办" : "在办", tier.open], ["已超期", tier.late], ["快到期", tier.near]]) {
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

for (const elder of [false, true])
  test(`what is stuck stands at every width${elder ? " in 长辈版" : ", cannot be read, and is read again"}`, async () => {
    const leader = await phoneOf("p-principal", elder ? { font: 24 } : {});
    const [todo] = (await leader.api("/api/v1/todos")).items;
    await cards(leader).filter({ hasText: `${todo.lead_department.name} · 承办人${todo.handler.name}` }).first().waitFor(); // who has the case
    await everywhere(leader, `${elder ? "elder-" : ""}stuck-home`, { elder });
    await leader.press("卡在哪里");
    await cards(leader).first().waitFor();
    await everywhere(leader, `${elder ? "elder-" : ""}stuck`, { elder });
    if (!elder) {
      await leader.page.route(/\/api\/v1\/cases\/(stuck|tiers)/, (r) => r.fulfill({ status: 500, contentType: "application/problem+json", body: JSON.stringify({ status: 500, code: "internal", reason: "internal", message: "服务器出错，请稍后再试。" }) }));
      await leader.to("#leader/stuck/index");
      await leader.sees("服务器出错");
      await look(leader, "stuck-failed");
      await leader.page.unroute(/\/api\/v1\/cases\/(stuck|tiers)/);
      assert.equal(await leader.page.locator(".mp-page:not([hidden])").getByText("重试", { exact: true }).count(), 1);
      await leader.press("重试");
      await cards(leader).first().waitFor();
      await leader.page.locator(".mp-page:not([hidden]) .number-box").first().waitFor();
    }
    await leader.close();
  });

test("figures: each number is the server's, by month and by week, of one's own and of the street, at every width", async () => {
  for (const elder of [false, true]) {
    const leader = await phoneOf("p-deputy-1", elder ? { font: 24 } : {});
    await leader.press("统计", true);
    await leader.sees("按事项类别");
    const f = await leader.api("/api/v1/figures?own=true");
    const page = leader.page.locator(".mp-page:not([hidden])");
    const rate = (percent, n, of, unit) => (percent === undefined ? "—" : `${percent}%（${n}/${of} ${unit}）`);
    for (const d of f.departments) {
      const card = page.locator(".card", { hasText: d.department.name }).filter({ hasText: "按时接单率" });
      const cells = `交到部门${d.given}退单${d.returned}按时接单率${rate(d.accept_rate, d.accepted, d.accepted + d.unaccepted, "次")}按时办结率${rate(d.on_time_rate, d.kept, d.kept + d.missed, "件")}`;
      assert.ok((await card.first().textContent()).includes(cells), cells);
    }
    assert.ok(f.departments.some((d) => d.kept + d.missed > 0), "no rate");
    // Each figure says how it is counted.
    for (const [button, told] of [["这些数字怎样计", f.meanings], ["部门的数字怎样计", f.department_meanings]]) {
      await leader.press(button);
      await leader.sees("收起");
      assert.deepEqual(await page.locator(".mean .strong").allTextContents(), told.map((m) => m.name));
      if (!elder) await look(leader, `figures-how-${told.length}`);
      await page.locator(`wx-button:has-text("${button}"), wx-button:has-text("收起")`).first().scrollIntoViewIfNeeded();
      if (elder) await everywhere(leader, `elder-figures-how-${told.length}`, { elder });
      await leader.press("收起");
    }
    await page.locator(".cell.wide").first().scrollIntoViewIfNeeded();
    await everywhere(leader, `${elder ? "elder-" : ""}figures-rates`, { elder });
    const figures = new Set((await page.locator(".cell .meta").allTextContents()));
    const explained = new Set([...f.meanings, ...f.department_meanings].map((m) => m.name));
    for (const name of figures) assert.ok(explained.has(name), `nobody says how ${name} is counted`);
    assert.ok(f.periods.some((p) => p.resolved > 0), "nothing resolved");
    await leader.gone("不满意"); // of which there is nothing
    await everywhere(leader, `${elder ? "elder-" : ""}figures`, { elder });
    await leader.tap("按周");
    await leader.sees("日起（到今天）");
    await page.locator("text=按部门").scrollIntoViewIfNeeded();
    await everywhere(leader, `${elder ? "elder-" : ""}figures-week`, { elder });
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

/** pictures are what the charts of the page that is shown have painted, and the texts in them. */
const pictures = (phone) =>
  phone.page.evaluate(() =>
    [...document.querySelectorAll(".mp-page:not([hidden]) x-chart")].map((e) => {
      const canvas = e.querySelector("canvas");
      const { width, height, right } = canvas.getBoundingClientRect();
      const copy = Object.assign(document.createElement("canvas"), { width: canvas.width, height: canvas.height }).getContext("2d", { willReadFrequently: true });
      copy.drawImage(canvas, 0, 0);
      const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
      const colours = {};
      let painted = 0;
      for (let i = 0; i < data.length; i += 4) {
        if (!data[i + 3]) continue;
        painted++;
        if (data[i + 3] === 255) colours[data.slice(i, i + 3).join()] = (colours[data.slice(i, i + 3).join()] ?? 0) + 1;
      }
      const texts = e.__wxElement.getMethodCaller().chart.getZr().storage.getDisplayList().filter((d) => d.type === "tspan" && d.style.text.trim()).map((d) => {
        const at = d.getBoundingRect().clone();
        if (d.transform) at.applyTransform(d.transform);
        const { x, y, width, height } = at;
        return { text: d.style.text, size: parseFloat(/[\d.]+(?=px)/.exec(d.style.font)[0]), left: x, top: y, right: x + width, bottom: y + height };
      });
      return { width, height, right, share: painted / (canvas.width * canvas.height), scale: canvas.width / width, colours: Object.keys(colours).filter((c) => colours[c] > 50), texts, label: e.querySelector("[role=img]").getAttribute("aria-label") };
    }),
  );

/** painted waits until the charts are as wide as the screen lets them be and as high as they want, and looks at each. */
async function painted(phone, { elder, width }) {
  await phone.page.waitForFunction(() => {
    const all = [...document.querySelectorAll(".mp-page:not([hidden]) x-chart")].map((e) => [e.__wxElement.getMethodCaller().chart, e.querySelector("wx-canvas").getBoundingClientRect()]);
    return all.length === 3 && all.every(([chart, box]) => chart && chart.getWidth() === box.width && chart.getHeight() === box.height);
  });
  await phone.still(); // it paints with the next frames
  const all = await pictures(phone);
  for (const p of all) {
    assert.ok(p.width > width - 70 && p.right < width && p.height > 60 && p.scale === 2, `${p.label}: ${p.width}×${p.height}, ${p.scale}`);
    assert.ok(p.share > 0.02, `${p.label}: ${p.share} painted`);
    assert.ok(p.colours.length > 1 && p.colours.some((c) => ["26,79,156", "11,122,59"].includes(c)), `${p.label}: ${p.colours}`);
    for (const [i, a] of p.texts.entries()) {
      assert.ok(a.size >= (elder ? 18 : 13), `${a.text}: ${a.size} px`);
      assert.ok(a.left > -1 && a.right < p.width + 1 && a.top > -3 && a.bottom < p.height + 3, `${a.text} runs out of the picture at ${width}: ${JSON.stringify(a)} in ${p.width}×${p.height}`);
      for (const b of p.texts.slice(i + 1)) assert.ok(Math.min(a.right, b.right) - Math.max(a.left, b.left) < 1 || Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) < 3, `${a.text} and ${b.text} lie over each other at ${width}`);
    }
  }
  return all;
}

test("figures are pictures too: painted, legible, what they show said in words; painted anew for another width and 长辈版, given back at the end", async () => {
  for (const elder of [false, true]) {
    const leader = await phoneOf("p-principal", { width: 320, ...(elder ? { font: 24 } : {}) });
    await leader.press("统计", true);
    await leader.sees("按事项类别");
    const f = await leader.api("/api/v1/figures?own=true");
    const [trend, departments, topics] = await painted(leader, { elder, width: 320 });
    const now = f.periods.at(-1);
    assert.match(trend.label, new RegExp(`${now.label}（到今天） 入库 ${now.entered}，办结 ${now.resolved}`));
    for (const d of f.departments.slice(0, 6)) assert.match(departments.label, new RegExp(`${d.department.name} 交办 ${d.given} 次`));
    for (const x of f.topics.slice(0, 6)) assert.match(topics.label, new RegExp(`${x.topic} 入库 ${x.entered}，办结 ${x.resolved}`));
    assert.ok(topics.texts.some((x) => x.text.includes(`入库 ${f.topics[0].entered}`)), "numbers stand in the picture");

    // A street with more to do: every bar, numbers of three digits, late ones.
    await leader.page.route(/\/api\/v1\/figures/, async (r) => {
      const many = await (await r.fetch()).json();
      many.periods.forEach((p, i) => Object.assign(p, { entered: 70 * i + 110, resolved: 50 * i + 80, on_time: 40 * i + 60 }));
      many.topics.forEach((x, i) => Object.assign(x, { entered: 131 - 9 * i, resolved: 90 - 11 * i, topic: i ? x.topic : "民政养老残疾人福利优抚安置救助" }));
      await r.fulfill({ json: many });
    });
    for (const [by, words] of [["week", "按周"], ["month", "按月"]]) {
      await leader.tap(words);
      await leader.sees("没有按时办结");
      for (const width of [320, 390, 430]) {
        await leader.page.setViewportSize({ width, height: 844 });
        const [many] = await painted(leader, { elder, width });
        assert.ok(many.colours.includes("179,38,30"), `late in red: ${many.colours}`);
        const name = `figures-many-${by}-${elder ? "elder-" : ""}${width}`;
        if (width === 320) await look(leader, name, { elder });
        else await stands(leader, name, { elder });
      }
    }
    if (!elder) {
      await leader.page.evaluate(() => globalThis.getCurrentPages().at(-1).setData({ elder: true }));
      await leader.page.waitForFunction(() => document.querySelector("x-chart").__wxElement.getMethodCaller().chart.getHeight() > 300);
      await painted(leader, { elder: true, width: 430 });
    }
    const charts = await leader.page.evaluateHandle(() => [...document.querySelectorAll("x-chart")].map((e) => e.__wxElement.getMethodCaller().chart));
    await leader.tap(leader.page.getByLabel("返回"));
    await leader.sees("统计");
    assert.deepEqual(await charts.evaluate((all) => all.map((c) => c.isDisposed())), [true, true, true]);
    assert.deepEqual(await leader.errors(), []);
    await leader.close();
  }
});

test("a head sees their department by handler, each number with as many cases, and gives a case to another in two taps", async () => {
  for (const [name, { elder = false, ...rest }] of [["390", {}], ["elder-320", { width: 320, font: 24, elder: true }]]) {
    const head = await phoneOf("p-head-zhifa", rest);
    await head.press("本部门", true);
    await head.sees("没有更多了");
    const team = await head.api("/api/v1/cases/team/members");
    assert.ok(team.open > 0 && team.members.some((m) => !m.open));
    await look(head, `team-${name}`, { elder });
    for (const m of team.members) {
      await head.tap(head.page.locator(".mp-page:not([hidden]) [role=radio]", { hasText: `${m.handler.name} ${m.open}` }));
      await head.page.locator(`.mp-page:not([hidden]) [role=radio][aria-checked=true]:has-text("${m.handler.name}")`).waitFor();
      await head.sees(m.open ? "没有更多了" : "没有在办的难事");
      assert.equal(await cards(head).count(), m.open, m.handler.name);
    }
    if (name === "390") {
      await head.tap("全部");
      await head.sees("没有更多了");
      const { items } = await head.api("/api/v1/cases/team");
      const c = items.find((x) => x.assignable);
      head.taps = 0;
      await head.tap(head.page.locator(`.mp-page:not([hidden]) wx-button[aria-label="换人 ${c.number}"]`));
      await head.sees("换给谁办理");
      await head.page.waitForTimeout(400);
      await look(head, "team-move");
      await head.tap(head.page.locator(".mp-page:not([hidden]) .sheet wx-button >> visible=true").first());
      await head.sees("办理。");
      assert.equal(head.taps, 2);
      const after = (await head.api("/api/v1/cases/team")).items.find((x) => x.id === c.id);
      assert.notEqual(after.handler.id, c.handler?.id);
      await head.page.locator(".mp-page:not([hidden]) .member", { hasText: c.number }).getByText(after.handler.name).waitFor();
      await look(head, "team-moved");
    }
    await head.close();
  }
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
  await leader.sees("有要改的地方"); // the plan is missing; nothing typed is lost
  await look(leader, "convene-i-3-missing");
  await leader.fill("解决方案", "五个工作日内加装净化器并复测，居委每日回访。");
  await leader.press("会商部署");
  await leader.sees("办理中");
  await leader.sees("固定证据");
  await look(leader, "convene-i-4-convened");
  await leader.close();
});

test("convening stands on a small phone and in 长辈版", async () => {
  for (const elder of [false, true]) {
    const chief = await phoneOf("p-chief-1", { width: 320, ...(elder ? { font: 24 } : {}) });
    const [c] = await listed(chief, "tier=II");
    await chief.to(`#staff/command/index?id=${c.id}&name=convene`);
    await chief.sees("解决方案");
    await chief.tap(chief.page.locator('.mp-page:not([hidden]) .choices[aria-label="成员和职责"] wx-button').first());
    await chief.page.locator(".mp-page:not([hidden]) .member").scrollIntoViewIfNeeded();
    await look(chief, `convene-${elder ? "elder-" : ""}320`, { elder });
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
  await deputy.still();
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
  // The system's reminders that stand together are one line, whatever pages they come in, and are all there when it is opened.
  const { items, next } = await leader.api(`/api/v1/cases/${c.id}/timeline?limit=100`);
  assert.equal(next, undefined);
  await leader.page.route(/\/timeline\?/, (r) => r.continue({ url: r.request().url().replace("limit=100", "limit=5") }));
  await openCase(leader, c);
  const folds = leader.page.locator(".mp-page:not([hidden]) .fold");
  await folds.first().waitFor();
  const times = (await folds.locator(".second").allTextContents()).map((x) => Number(/，共 (\d+) 次$/.exec(x)[1]));
  assert.equal(times.reduce((a, b) => a + b, 0) + (await leader.page.locator(".mp-page:not([hidden]) .event").count()) - times.length, items.length);
  assert.ok(Math.max(...times) > 8, `${times}`);
  await folds.first().scrollIntoViewIfNeeded();
  await everywhere(leader, "timeline-folded");
  await leader.tap(folds.first());
  await leader.sees("收起");
  assert.equal(await leader.page.locator(".mp-page:not([hidden]) .each").count(), times[0]);
  await look(leader, "timeline-unfolded");
  await leader.page.unroute(/\/timeline\?/);
  const elder = await phoneOf("p-principal", { width: 320, font: 24 });
  await openCase(elder, c);
  await elder.page.locator(".mp-page:not([hidden]) .fold").first().scrollIntoViewIfNeeded();
  await everywhere(elder, "elder-timeline-folded", { elder: true });
  await elder.close();

  await leader.press("挂账", true);
  await leader.fill("理由", "净化设备排产，需延长。");
  await look(leader, "principal-1-hold-over");
  await leader.page.locator('.mp-page:not([hidden]) input[type="date"]').fill("2027-01-15");
  await leader.press("挂账", true);
  await leader.sees("经过");
  await look(leader, "principal-2-held-over");

  await leader.to("#leader/stuck/index");
  await cards(leader).first().waitFor();
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
