// Gives every table of class "sortable" to DataTables and ties the selections above it to its columns.
document.querySelectorAll("table.sortable").forEach((table) => {
  const view = new DataTable(table, {
    order: [],
    pageLength: 50,
    autoWidth: false,
    layout: { topStart: "search", topEnd: "info", bottomStart: "pageLength", bottomEnd: "paging" },
  });
  document.querySelectorAll(`select[data-table="${table.id}"]`).forEach((select) => {
    const apply = () =>
      view.column(Number(select.dataset.column)).search(select.value, { exact: select.value !== "" }).draw();
    select.addEventListener("change", apply);
    if (select.value) apply();
  });
});
