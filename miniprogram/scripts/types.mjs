// Writes src/api/contract.ts: the TypeScript of docs/openapi.json that the mini-program uses. The contract is
// generated from Go; this turns the operations of the groups below, and the schemas they reach, into types, and keeps
// of each operation what is needed to call it.
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

// The groups (tags) of the contract that phones use; the rest is the console's.
const groups = ["登录", "我的", "难事", "办理", "工单", "向居民公开", "附件", "内容审核", "个人信息", "微信"];
// Operations outside them that phones need, and those inside that only the console or a platform calls.
const besides = new Set(["get_organisation", "list_topics", "propose_class"]);
const without = /^(publish_privacy_notice|list_certificates|get_certificate|erase_person|wechat_push|confirm_wechat_push|begin_scan|poll_scan|sign_in_.*totp|enrol_totp|confirm_totp|sign_in_password|sign_in_totp|stream)$/;

const here = path.dirname(fileURLToPath(import.meta.url));
export const contractFile = path.join(here, "../src/api/contract.ts");

/** contract gives the file's text for an OpenAPI document. */
export function contract(document) {
  const schemas = document.components.schemas;
  const reached = new Set();
  const name = (ref) => ref.slice(ref.lastIndexOf("/") + 1);
  const type = (schema, indent) => {
    if (!schema) return "undefined";
    if (schema.$ref) {
      reached.add(name(schema.$ref));
      return pascal(name(schema.$ref));
    }
    if (schema.enum) return schema.enum.map((v) => JSON.stringify(v)).join(" | ");
    const kinds = [schema.type].flat().filter((k) => k && k !== "null");
    const nullable = [schema.type].flat().includes("null") ? " | null" : "";
    switch (kinds[0]) {
      case "string":
        return "string" + nullable;
      case "integer":
      case "number":
        return "number" + nullable;
      case "boolean":
        return "boolean" + nullable;
      case "array": {
        const item = type(schema.items, indent);
        return (/[ |]/.test(item) ? `(${item})[]` : `${item}[]`) + nullable.replace(" | null", ""); // the server writes [] for none
      }
      case "object":
        if (schema.properties) return shape(schema, indent) + nullable;
        if (schema.additionalProperties && typeof schema.additionalProperties === "object")
          return `Record<string, ${type(schema.additionalProperties, indent)}>`;
        return "Record<string, unknown>";
      default:
        return "unknown";
    }
  };
  const shape = (schema, indent) => {
    const required = new Set(schema.required ?? []);
    const inner = indent + "  ";
    const lines = Object.entries(schema.properties)
      .filter(([key]) => key !== "$schema")
      .map(([key, value]) => {
        const note = value.description ? `${inner}/** ${value.description.replace(/\*\//g, "* /")} */\n` : "";
        return `${note}${inner}${key}${required.has(key) ? "" : "?"}: ${type(value, inner)};\n`;
      });
    return `{\n${lines.join("")}${indent}}`;
  };

  const table = [];
  const calls = [];
  for (const [address, methods] of Object.entries(document.paths))
    for (const [method, operation] of Object.entries(methods)) {
      const id = operation.operationId;
      const wanted = operation.tags?.some((tag) => groups.includes(tag)) && !without.test(id);
      if (!wanted && !besides.has(id)) continue;
      const parameters = operation.parameters ?? [];
      const of = (where) => {
        const some = parameters.filter((p) => p.in === where);
        if (!some.length) return "None";
        return `{ ${some.map((p) => `${p.name}${p.required ? "" : "?"}: ${type(p.schema, "    ")}`).join("; ")} }`;
      };
      const success = Object.entries(operation.responses).find(([status]) => status.startsWith("2"));
      const answer = success[0] === "204" ? undefined : success[1].content?.["application/json"]?.schema;
      const body = operation.requestBody?.content ?? {};
      const takes = body["application/json"] ? type(body["application/json"].schema, "    ") : body["application/octet-stream"] ? "ArrayBuffer" : "undefined";
      const keyed = parameters.some((p) => p.in === "header" && p.name === "Idempotency-Key");
      calls.push(`  /** ${operation.summary} */\n  ${id}: { path: ${of("path")}; query: ${of("query")}; body: ${takes}; answer: ${type(answer, "    ")} };\n`);
      table.push(`  ${id}: [${JSON.stringify(method.toUpperCase())}, ${JSON.stringify(address)}${keyed ? ", true" : ""}],\n`);
    }

  reached.add("Problem");
  const written = new Map();
  for (let before = -1; before !== reached.size; ) {
    before = reached.size;
    for (const n of [...reached]) if (!written.has(n)) written.set(n, declaration(pascal(n), schemas[n]));
  }
  function declaration(n, schema) {
    const note = schema.description ? `/** ${schema.description} */\n` : "";
    return schema.properties ? `${note}export interface ${n} ${shape(schema, "")}\n` : `${note}export type ${n} = ${type(schema, "")};\n`;
  }
  const types = [...written.keys()].sort().map((n) => written.get(n));
  return `// Written by scripts/types.mjs from docs/openapi.json. Do not edit: npm run types

type None = Record<never, never>;

${types.join("\n")}
/** What each operation takes and answers. */
export interface Operations {
${calls.join("")}}

/** Method and address of each operation, and whether it takes an Idempotency-Key. */
export const operations: Record<keyof Operations, readonly [method: "GET" | "POST" | "PUT" | "DELETE", path: string, keyed?: true]> = {
${table.join("")}};
`;
}

const pascal = (n) => n.replace(/(^|_)([a-z])/g, (_, __, c) => c.toUpperCase());

/** expected is what the file should say now. */
export const expected = () => contract(JSON.parse(fs.readFileSync(path.join(here, "../../docs/openapi.json"), "utf8")));

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  fs.writeFileSync(contractFile, expected());
}
