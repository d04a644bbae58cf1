import assert from "node:assert/strict";
import { test } from "node:test";
import type { Me, TodoItem } from "../src/api/contract";
import { cardOfTodo } from "../src/lib/view";

const now = new Date("2026-11-27T04:00:00Z");
const me = (id: string, role: string, unit: string) => ({ id, posts: [{ role, unit, label: "" }] }) as unknown as Me;
const todo = { case_id: "c", kind: "convene", for: "主要领导", lead_department: { id: "d-1", name: "执法队" }, handler: { id: "p-1", name: "秦浩然" } } as unknown as TodoItem;

test("a card of what I have to do names who has the case, besides my own department and me", () => {
  assert.equal(cardOfTodo(todo, now, me("p-9", "principal_leader", "")).place, "执法队 · 承办人秦浩然");
  assert.equal(cardOfTodo(todo, now, me("p-9", "deputy_leader", "d-1")).place, "执法队 · 承办人秦浩然", "a deputy leader has several departments");
  assert.equal(cardOfTodo(todo, now, me("p-2", "department_head", "d-1")).place, "承办人秦浩然");
  assert.equal(cardOfTodo(todo, now, me("p-1", "handler", "d-1")).place, "");
  assert.equal(cardOfTodo({ ...todo, lead_department: undefined, handler: undefined }, now, undefined).place, "");
});
