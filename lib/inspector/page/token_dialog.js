import { byId, setText } from "./dom.js";

/** Asks for the admin token. */
export class TokenDialog {
  #dialog = /** @type {HTMLDialogElement} */ (byId("token-dialog"));
  #field = /** @type {HTMLInputElement} */ (byId("token"));
  #error = byId("token-error");
  #asked = false;
  #given = false;

  /** @param {(token: string) => void} given */
  constructor(given) {
    byId("token-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#given = true;
      this.#dialog.close();
      given(this.#field.value.trim());
    });
    // Without it there is nothing to show. A browser may close a dialog whose page objects: it is opened again.
    this.#dialog.addEventListener("cancel", (event) => event.preventDefault());
    this.#dialog.addEventListener("close", () => {
      if (!this.#given && !this.#dialog.open) this.#dialog.showModal();
    });
  }

  ask() {
    setText(this.#error, this.#asked ? "That is not its token." : "");
    this.#asked = true;
    this.#given = false;
    this.#field.value = "";
    if (!this.#dialog.open) this.#dialog.showModal();
  }
}
