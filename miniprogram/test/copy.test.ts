import assert from "node:assert/strict";
import { test } from "node:test";
import type { OwnData } from "../src/api/contract";
import { copyOf } from "../src/lib/copy";
import { texts } from "../src/texts";

const at = "2026-03-02T01:30:00Z"; // 09:30 in Shanghai
// Each value can be told apart in the text; those of machines alone begin with hidden.
const data: OwnData = {
  phones: ["13800000001"], enterprises: [{ name: "甲公司", credit_code: "91310000MA1", bound_at: at }], consents: [{ version: 7, at, hash: "hidden-hash" }],
  wechat: { joined_at: "0001-01-01T00:00:00Z", seen_at: at, follows: true }, family: [{ given: true, relation: "spouse", made_at: at, ended_at: at }], sessions: [{ agent: "某程序", address: "198.51.100.0", started_at: at, seen_at: at, ended_at: at }],
  tickets: [{ order_no: "GD-1", source: "resident", accepted_at: at, name: "张三", phone: "13800000002", id_number: "310", address: "甲路", location: { latitude: 30.9, longitude: 121.4, name: "北门", address: "乙路" }, title: "路灯", content: "不亮", notes: [{ at, text: "还不亮" }], ratings: [{ at, rating: "mostly", from: "own", words: "快些" }], masked: true }],
  pictures: [{ id: "hidden-id", at, name: "灯.jpg", number: "NS-1", public: true, review: "waiting", size: 2049, type: "hidden/type", url: "/a/b", url_until: at, thumb_url: "hidden-thumb", with: "rate", with_label: "评价", width: 11, height: 12, erased: true, by: { id: "hidden-p", name: "hidden-name" } }],
  notices: [{ id: "hidden-n", case_id: "hidden-c", ticket_id: "hidden-t", kind: "hidden-kind", created_at: at, number: "NS-2", title: "灯", text: "已办结", urgent: true, read_at: at, for: { id: "hidden-f", name: "李四" } }],
  deeds: [{ at, number: "NS-3", text: "催办：快" }],
};

test("a copy of one's data is words: everything is there, local times with their year, nothing of machines", () => {
  const text = copyOf(data, new Date(at), "https://x");
  for (const words of ["13800000001", "甲公司", "91310000MA1", "版本：7", "关注了公众号：是", "我委托家人", "配偶", "某程序", "198.51.100.0", "GD-1", "小程序上报", "张三", "13800000002", "310", "甲路", "北门；乙路；北纬 30.9，东经 121.4", "路灯", "不亮", "2026年3月2日 09:30；还不亮", "2026年3月2日 09:30；基本满意；在这里评价；快些", "已遮盖", "灯.jpg", "NS-1", "待审核", "3 KB", "https://x/a/b", "随哪一步提交：评价", "已删除", "NS-2", "已办结", "加急", "李四", "NS-3", "催办：快"])
    assert.ok(text.includes(words), words);
  for (const label of Object.values(texts.copy.of)) assert.ok(text.includes(`【${label}】`), label);
  assert.ok(!/hidden|_|T01:30|0001[年-]|undefined|null|true|\[object/.test(text), text);
});

test("of what there is nothing, it says so", () => {
  const none = copyOf({ ...data, phones: [], enterprises: [], tickets: [], pictures: [], notices: [], deeds: [], family: [], consents: [], sessions: [] }, new Date(at), "");
  assert.equal(none.split(texts.copy.none).length - 1, 9);
});
