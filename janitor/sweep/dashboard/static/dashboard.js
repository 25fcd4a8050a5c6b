"use strict";
(() => {
  const main = document.querySelector("main");
  const live = document.getElementById("live");
  const say = (text) => { if (live) live.textContent = text; };
  const part = () => new URLSearchParams(location.search);

  const load = async (node) => {
    const address = new URL(node.dataset.load, document.baseURI);
    for (const [name, value] of part()) if (name !== "token") address.searchParams.set(name, value);
    const answer = await fetch(address);
    if (!answer.ok) return;
    node.innerHTML = await answer.text();
  };
  const loadAll = () => Promise.all([...document.querySelectorAll("[data-load]")].map(load));

  const form = document.querySelector("form.filter");
  if (form) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const query = new URLSearchParams(new FormData(form));
      history.replaceState(null, "", `?${query}`);
      loadAll();
    });
    form.querySelector("input[type=search]").addEventListener("input", () => {
      clearTimeout(form.wait);
      form.wait = setTimeout(() => form.requestSubmit(), 250);
    });
    form.addEventListener("change", () => form.requestSubmit());
  }
  loadAll();
  if (main && main.dataset.events) {
    const source = new EventSource(new URL(main.dataset.events, document.baseURI));
    source.onmessage = (event) => {
      if (event.data === main.dataset.number) return;
      main.dataset.number = event.data;
      loadAll().then(() => say(`Updated to entry ${event.data}`));
    };
    source.onerror = () => say("Not connected; trying again");
    source.onopen = () => say("Live");
  }
})();
