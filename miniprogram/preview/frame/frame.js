// The frame around the preview: who one can be, from the stand-in's phones, and the phone's screen.
const $ = (id) => document.getElementById(id);
const hash = new URLSearchParams(location.hash.slice(1));

function show(who) {
  hash.set("who", who);
  location.hash = hash.toString();
  const address = `app.html?who=${encodeURIComponent(who)}`;
  $("screen").src = address;
  $("alone").href = address;
  $("phone").hidden = false;
  document.body.classList.add("on");
  for (const b of $("people").children) b.setAttribute("aria-current", String(b.value === who));
}

async function people() {
  const answer = await fetch("people");
  if (!answer.ok) throw new Error((await answer.json()).message);
  for (const p of await answer.json()) {
    const b = Object.assign(document.createElement("button"), { value: p.id });
    b.append(Object.assign(document.createElement("b"), { textContent: p.name }), Object.assign(document.createElement("span"), { textContent: p.role }));
    b.onclick = () => show(p.id);
    $("people").append(b);
  }
  if (hash.get("who")) show(hash.get("who"));
}

$("width").onchange = () => ($("screen").style.width = $("width").value + "px");
$("back").onclick = () => (document.body.classList.remove("on"), ($("phone").hidden = true));
people().catch((e) => (($("wrong").textContent = e.message || "读不到可以试用的人，请刷新。"), ($("wrong").hidden = false)));
