// The settings panel. Sampling and system prompt stay in this browser; the API key only in this tab.

const kFields = ["temperature", "top_p", "top_k", "min_p", "max_tokens", "seed"];

// Storage may be forbidden by the browser; the page then simply forgets.
export function load(storage, key, fallback) {
  try {
    return JSON.parse(window[storage].getItem(`weft.${key}`)) ?? fallback;
  } catch {
    return fallback;
  }
}

export function save(storage, key, value) {
  try {
    window[storage].setItem(`weft.${key}`, JSON.stringify(value));
  } catch {
    // forgotten
  }
}

export class Settings {
  constructor(form, onKey) {
    this.form = form;
    const saved = load("localStorage", "settings", {});
    for (const name of [...kFields, "system"]) form.elements[name].value = saved[name] ?? "";
    form.elements.api_key.value = load("sessionStorage", "key", "");
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("input", () => this.#store());
    form.elements.api_key.addEventListener("change", onKey);
  }

  get apiKey() {
    return this.form.elements.api_key.value.trim();
  }

  get system() {
    return this.form.elements.system.value.trim();
  }

  // Only what the user set, so that the server's own defaults stand.
  get sampling() {
    const set = {};
    for (const name of kFields) {
      const field = this.form.elements[name];
      if (field.value !== "" && field.validity.valid) set[name] = field.valueAsNumber;
    }
    return set;
  }

  get fault() {
    const field = kFields.map((name) => this.form.elements[name]).find((each) => !each.validity.valid);
    return field ? `${field.labels[0].textContent.trim()}: ${field.validationMessage}` : "";
  }

  reset() {
    for (const name of kFields) this.form.elements[name].value = "";
    this.#store();
  }

  #store() {
    const values = {};
    for (const name of [...kFields, "system"]) values[name] = this.form.elements[name].value;
    save("localStorage", "settings", values);
    save("sessionStorage", "key", this.apiKey);
  }
}
