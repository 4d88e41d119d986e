// Shows two methods side by side. All numbers were made with the page; texts are set as text and never as markup.
"use strict";
{
  const { address } = window.cropglobe;
  const { groups, verdicts } = JSON.parse(document.getElementById("compare-data").textContent);
  const form = document.getElementById("compare");
  const table = document.getElementById("compare-table");
  const { group: groupChoice, first, second } = form.elements;
  const SVG = "http://www.w3.org/2000/svg";
  const WIDTH = 160;

  const said = (tenths) => (tenths / 10).toFixed(1);
  const signed = (tenths) => `${tenths > 0 ? "+" : ""}${said(tenths)}`;

  // Differences of the pair by transfer; each pair is kept once, in the order of the methods.
  function differences(group, a, b) {
    const [low, high] = [Math.min(a, b), Math.max(a, b)];
    const count = group.methods.length;
    const place = (low * (2 * count - low - 1)) / 2 + high - low - 1;
    return group.pairs[place].map((found) => {
      if (found === null || a < b) return found;
      const [point, from, to, verdict] = found;
      return [-point, to === null ? null : -to, from === null ? null : -from, verdict];
    });
  }

  function element(name, text, className) {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (className) made.className = className;
    return made;
  }

  function drawing([point, low, high], widest) {
    const svg = document.createElementNS(SVG, "svg");
    const place = (tenths) => (WIDTH / 2 + ((WIDTH / 2 - 4) * tenths) / widest).toFixed(1);
    const add = (name, attributes) => {
      const shape = document.createElementNS(SVG, name);
      Object.entries(attributes).forEach(([key, value]) => shape.setAttribute(key, value));
      svg.append(shape);
    };
    Object.entries({ class: "interval", width: WIDTH, height: 10, "aria-hidden": "true" }).forEach(([key, value]) => svg.setAttribute(key, value));
    add("path", { class: "zero", d: `M${place(0)} 0V10` });
    if (low !== null) add("path", { d: `M${place(low)} 5H${place(high)}` });
    add("circle", { cx: place(point), cy: 5, r: 3 });
    return svg;
  }

  function differenceCell(found, widest) {
    const cell = element("td", undefined, "number");
    if (found === null) {
      cell.textContent = "-";
      return cell;
    }
    const [point, low, high] = found;
    cell.append(signed(point));
    if (low !== null) cell.append(" ", element("span", `(${signed(low)} to ${signed(high)})`, "limits"));
    cell.append(drawing(found, widest));
    return cell;
  }

  function show() {
    const group = groups[groupChoice.selectedIndex];
    const [a, b] = [first.selectedIndex, second.selectedIndex];
    const note = document.getElementById("compare-left-out");
    note.textContent = group.left_out ? `The best ${group.methods.length} methods can be chosen; ${group.left_out} more are left out to keep this page small.` : "";
    const verdict = document.getElementById("compare-verdict");
    table.hidden = a < 0 || a === b;
    if (table.hidden) {
      verdict.textContent = group.methods.length < 2 ? "This group has no two methods with a score." : "Choose two different methods.";
      return;
    }
    const pair = differences(group, a, b);
    const widest = Math.max(10, ...pair.filter(Boolean).flatMap((found) => found.slice(0, 3).map(Math.abs)));
    const heads = table.tHead.rows[0].cells;
    [heads[2].textContent, heads[3].textContent] = [group.methods[a][0], group.methods[b][0]];
    table.tBodies[0].replaceChildren(
      ...group.transfers.map(([name, relation], index) => {
        const line = document.createElement("tr");
        const head = element("th", name);
        head.scope = "row";
        if (relation) head.append(element("span", relation, "below"));
        const scores = [a, b].map((method) => group.scores[method][index]);
        line.append(head, differenceCell(pair[index], widest), ...scores.map((score) => element("td", score === null ? "-" : said(score), "number")));
        line.append(element("td", pair[index] === null ? "-" : verdicts[pair[index][3]]));
        return line;
      })
    );
    verdict.textContent = sentence(group, a, b, pair[0]);
  }

  function sentence(group, a, b, found) {
    if (found === null) return "One of the two lacks a transfer, so that there is no difference over all of them.";
    const [point, low, high, verdict] = found;
    const [better, other] = point < 0 ? [b, a] : [a, b];
    const names = [better, other].map((method) => group.methods[method][0]);
    const limits = low === null ? "" : ` (${point < 0 ? `${signed(-high)} to ${signed(-low)}` : `${signed(low)} to ${signed(high)}`})`;
    return `${names[0]} is ${said(Math.abs(point))} points above ${names[1]} over all transfers${limits}: ${verdicts[verdict]}.`;
  }

  function fill(select, texts) {
    select.replaceChildren(...texts.map((text) => element("option", text)));
  }

  function select(choice, wanted, otherwise) {
    const found = [...choice.options].findIndex((option) => option.value === wanted);
    choice.selectedIndex = found < 0 ? Math.min(otherwise, choice.options.length - 1) : found;
  }

  function fillMethods() {
    const names = groups[groupChoice.selectedIndex].methods.map(([name]) => name);
    [first, second].forEach((choice) => fill(choice, names));
  }

  function apply() {
    const choices = address.read();
    select(groupChoice, choices.get("group"), 0);
    fillMethods();
    select(first, choices.get("first"), 0);
    select(second, choices.get("second"), 1);
    show();
  }

  function choose() {
    const choices = address.read();
    [groupChoice, first, second].forEach((choice) => choices.set(choice.name, choice.value));
    address.write(choices);
    show();
  }

  groupChoice.replaceChildren(...groups.map(({ title }, index) => new Option(title, index + 1)));
  groupChoice.addEventListener("change", () => {
    fillMethods();
    select(second, null, 1);
    choose();
  });
  [first, second].forEach((choice) => choice.addEventListener("change", choose));
  document.getElementById("swap").addEventListener("click", () => {
    [first.selectedIndex, second.selectedIndex] = [second.selectedIndex, first.selectedIndex];
    choose();
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  address.listen(apply);
  apply();
}
