import assert from "node:assert/strict";
import { test } from "node:test";
import type { Directory } from "../src/api/contract";
import { found } from "../src/lib/people";

const person = (id: string, name: string, role: string, unit: string, label: string) => ({ id, name, posts: [{ role, unit, label }] });
const d = {
  departments: [], grids: [], communities: [],
  people: [
    person("w", "张三", "handler", "d-1", "房管所承办人"), person("h", "李四", "department_head", "d-1", "房管所负责人"), person("x", "王五", "department_head", "d-2", "水务所负责人"),
    person("l", "赵六", "liaison", "g-1", "第一网格联络员"), person("v", "钱七", "community", "c-1", "望舒里工作人员"), person("k", "孙八", "coordinator", "", "协调专员"),
  ],
} as unknown as Directory;
const ids = (query: string, near = {}, without: string[] = []) => found(d, query, near, without).map((p) => p.id).join();

test("whom to name: the head first, then the department's, the community's, the grid's; nobody who is named already", () => {
  assert.equal(ids("", { department: "d-1", grid: "g-1", community: "c-1" }), "h,w,v,l");
  assert.equal(ids("", { department: "d-1" }, ["h"]), "w");
  assert.equal(ids("", { role: "coordinator" }), "k");
  assert.equal(ids("", {}), "");
});

test("others are found by name or post", () => {
  assert.equal(ids("水务", { department: "d-1" }), "x");
  assert.equal(ids(" 赵六 "), "l");
  assert.equal(ids("负责人", {}, ["x"]), "h");
  assert.equal(ids("没有这个人"), "");
});
