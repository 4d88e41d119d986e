// Gives every table of class "sortable" to DataTables, and ties filters, search, order and columns to the address.
"use strict";
{
  const { address, recall, remember } = window.cropglobe;
  const FEWEST_COLUMNS = 6; // a table with fewer has no choice of columns
  const LINES = 50; // of a page

  class View {
    constructor(table) {
      this.id = table.id;
      const cells = [...table.tHead.rows[0].cells];
      this.names = cells.map((cell) => cell.dataset.name);
      this.usual = this.names.filter((name, index) => !cells[index].classList.contains("extra"));
      this.selects = [...document.querySelectorAll(`select[data-table="${table.id}"]`)];
      this.defaults = this.selects.map((select) => [...select.options].find((option) => option.defaultSelected)?.value ?? "");
      this.busy = true;
      this.boxes = this.names.length < FEWEST_COLUMNS ? [] : this.makeBoxes(table);
      this.view = new DataTable(table, {
        order: [],
        pageLength: LINES,
        autoWidth: false,
        layout: {
          topStart: "search",
          topEnd: "info",
          bottomStart: table.tBodies[0].rows.length > LINES ? "pageLength" : null,
          bottomEnd: table.tBodies[0].rows.length > LINES ? "paging" : null,
        },
      });
      this.apply();
      this.selects.forEach((select) => select.addEventListener("change", () => this.chooseFilter(select)));
      this.boxes.forEach((box) => box.addEventListener("change", () => this.chooseColumns()));
      // DataTables tells of its order at each search too.
      this.view.on("order", () => this.busy || this.order() === this.state().order || this.save());
      this.view.on("search", () => this.busy || this.save({ replace: true }));
      address.listen(() => this.apply());
      window.addEventListener("beforeprint", () => this.showPages(-1));
      window.addEventListener("afterprint", () => this.showPages(LINES));
    }

    key(name) {
      return `${this.id}.${name}`;
    }

    makeBoxes(table) {
      const details = document.createElement("details");
      details.className = "columns";
      details.append(Object.assign(document.createElement("summary"), { textContent: "Columns" }));
      const group = document.createElement("fieldset");
      group.append(Object.assign(document.createElement("legend"), { textContent: `Columns of ${table.caption.textContent}` }));
      const boxes = this.names.slice(1).map((name) => {
        const label = document.createElement("label");
        const box = Object.assign(document.createElement("input"), { type: "checkbox", value: name, autocomplete: "off" });
        label.append(box, ` ${name}`);
        group.append(label);
        return box;
      });
      details.append(group);
      table.closest(".scroll").before(details);
      return boxes;
    }

    // Choices of the address; without one the remembered columns, and what a page begins with.
    state() {
      const choices = address.read();
      const order = choices.get(this.key("sort")) ?? "";
      const columns = choices.get(this.key("columns")) ?? recall(`columns.${this.id}`);
      const known = columns?.split(",").filter((name) => this.names.includes(name)) ?? [];
      return {
        filters: this.selects.map((select, index) => choices.get(this.key(select.dataset.name)) ?? this.defaults[index]),
        search: choices.get(this.key("search")) ?? "",
        order: this.names.includes(order.replace(/^-/, "")) ? order : "",
        columns: new Set(known.length ? known : this.usual),
      };
    }

    apply() {
      this.busy = true;
      const { filters, search, order, columns } = this.state();
      this.selects.forEach((select, index) => {
        const offered = [...select.options].some((option) => option.value === filters[index]);
        select.value = offered ? filters[index] : this.defaults[index];
        this.filter(select);
      });
      if (this.view.search() !== search) this.view.search(search);
      const direction = order.startsWith("-") ? "desc" : "asc";
      this.view.order(order ? [[this.names.indexOf(order.replace(/^-/, "")), direction]] : []);
      this.show(columns);
      this.view.draw();
      this.busy = false;
    }

    filter(select) {
      this.view.column(Number(select.dataset.column)).search(select.value, { exact: select.value !== "" });
    }

    show(columns) {
      this.names.forEach((name, index) => {
        const wanted = index === 0 || columns.has(name);
        if (this.view.column(index).visible() !== wanted) this.view.column(index).visible(wanted, false);
      });
      this.boxes.forEach((box) => (box.checked = columns.has(box.value)));
    }

    order() {
      const [[column, direction] = []] = this.view.order();
      const sorted = column !== undefined && direction !== "";
      return sorted ? `${direction === "desc" ? "-" : ""}${this.names[column]}` : "";
    }

    save(how) {
      const choices = address.read();
      const put = (name, value, usual) => (value === usual ? choices.delete(this.key(name)) : choices.set(this.key(name), value));
      this.selects.forEach((select, index) => put(select.dataset.name, select.value, this.defaults[index]));
      put("search", this.view.search(), "");
      put("sort", this.order(), "");
      if (this.boxes.length) put("columns", this.chosenColumns(), this.usual.join(","));
      address.write(choices, how);
    }

    chooseFilter(select) {
      this.busy = true;
      this.filter(select);
      this.view.draw();
      this.busy = false;
      this.save();
    }

    chosenColumns() {
      return [this.names[0], ...this.boxes.filter((box) => box.checked).map((box) => box.value)].join(",");
    }

    chooseColumns() {
      const chosen = this.chosenColumns();
      remember(`columns.${this.id}`, chosen);
      this.show(new Set(chosen.split(",")));
      this.save();
    }

    showPages(length) {
      this.busy = true;
      this.view.page.len(length).draw();
      this.busy = false;
    }
  }

  document.querySelectorAll("table.sortable").forEach((table) => new View(table));

  // A shadow at the right edge says that there is more to scroll to.
  const hint = (box) => box.classList.toggle("more", box.scrollWidth - box.clientWidth - box.scrollLeft > 1);
  const watch = new ResizeObserver((changes) => changes.forEach((change) => hint(change.target.closest(".scroll"))));
  document.querySelectorAll(".scroll").forEach((box) => {
    watch.observe(box);
    watch.observe(box.querySelector("table, img"));
    box.addEventListener("scroll", () => hint(box), { passive: true });
  });

  // On paper nothing can be unfolded.
  const folded = () => [...document.querySelectorAll("details:not(.columns)")];
  let shut = [];
  window.addEventListener("beforeprint", () => {
    shut = folded().filter((details) => !details.open);
    shut.forEach((details) => (details.open = true));
  });
  window.addEventListener("afterprint", () => shut.forEach((details) => (details.open = false)));
}
