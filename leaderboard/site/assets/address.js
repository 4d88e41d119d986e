// Keeps what a reader has chosen in the part of the address after "#?", which needs no server and works from disk.
"use strict";
{
  const isOurs = (hash) => hash === "" || hash.startsWith("#?");
  const listeners = [];
  let last = isOurs(location.hash) ? location.hash : "";

  window.cropglobe.address = {
    // The choices as URLSearchParams, which the caller may change.
    read: () => new URLSearchParams(last.slice(2)),

    // Writes choices; with `replace` the Back button skips the view that was there before.
    write(choices, { replace = false } = {}) {
      const text = choices.toString();
      const hash = text || last ? `#?${text}` : "";
      if (hash === last) return;
      last = hash;
      if (replace) location.replace(hash);
      else location.hash = hash;
    },

    // Calls a function when Back, Forward or a link has changed the choices, and when a page is shown again.
    listen: (listener) => listeners.push(listener),
  };

  const tell = () => {
    if (isOurs(location.hash)) last = location.hash; // "#downloads" is a place in the page and no choice
    listeners.forEach((listener) => listener());
  };
  window.addEventListener("hashchange", tell);
  window.addEventListener("pageshow", tell);
}
