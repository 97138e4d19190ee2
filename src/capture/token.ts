/** The API token, the only secret of a capture. */
import type { Principal } from "../proxmox/rights.ts";

const SECRET_REGEXP = /^[\x21-\x3a\x3c-\x7e]{1,512}$/;
const USER_REGEXP = /^[^\s:/!=]+@[A-Za-z][\w.-]*$/;
const NAME_REGEXP = /^[A-Za-z][\w.-]+$/;

/** Only `authorization` shows the secret: no log, no JSON and no inspector does. */
export class ApiToken {
  /** "netbox@pve" */
  readonly user: string;
  /** "netbox@pve!sync" */
  readonly id: string;
  readonly #secret: string;

  constructor(user: string, name: string, secret: string) {
    this.user = user;
    this.id = `${user}!${name}`;
    this.#secret = secret;
  }

  /** Whose roles decide: a token may do what both it and its user may; root@pam may do everything. */
  get principals(): Principal[] {
    const token = { type: "token", ugid: this.id } as const;
    return this.user === "root@pam" ? [token] : [{ type: "user", ugid: this.user }, token];
  }

  /** The value of the header. Source: PVE/APIServer/Formatter.pm, extract_auth_value. */
  get authorization(): string {
    // Proxmox VE unescapes the value.
    return `PVEAPIToken=${this.id}=${this.#secret.replaceAll("%", "%25")}`;
  }

  /** Removes the secret from a text of the server. */
  scrub(text: string): string {
    return text.includes(this.#secret) ? text.replaceAll(this.#secret, "[redacted]") : text;
  }
}

export interface TokenTexts {
  readonly user: string;
  readonly name: string | undefined;
  readonly secret: string | undefined;
  /** "netbox@pve!sync=…" */
  readonly whole: string | undefined;
}

export type TokenFault = "user" | "name" | "no-name" | "secret" | "no-secret" | "whole";

/**
 * A token, or which of the texts is wrong. As in other tools, the user may include the token's name, the name may
 * include the user, and the whole may be the secret only; a name that is given twice must be the same.
 */
export function parseApiToken(texts: TokenTexts): ApiToken | TokenFault {
  const { id: wholeId, secret: wholeSecret } = splitWhole(texts.whole);
  const secret = texts.secret ?? wholeSecret;
  const isWhole = texts.secret === undefined && wholeId !== undefined;
  const { user = texts.user, name } = isWhole ? splitId(wholeId) : idOf(texts.user, texts.name);
  if (name === undefined) return isWhole || isBroken(texts.whole) ? "whole" : "no-name";
  if (secret === undefined) return "no-secret";
  if (!USER_REGEXP.test(user)) return isWhole ? "whole" : "user";
  if (!NAME_REGEXP.test(name)) return isWhole ? "whole" : "name";
  // A line break would end the header, and a ";" ends the value for Proxmox VE.
  return SECRET_REGEXP.test(secret) ? new ApiToken(user, name, secret) : "secret";
}

/** Neither a token nor its secret alone. */
function isBroken(whole: string | undefined): boolean {
  return whole !== undefined && !SECRET_REGEXP.test(whole);
}

interface Id {
  readonly user?: string;
  readonly name?: string;
}

function idOf(user: string, name: string | undefined): Id {
  const fromUser = splitId(user);
  const fromName = name?.includes("!") ? splitId(name) : { name };
  return { ...fromUser, ...defined(fromName) };
}

function splitId(text: string): Id {
  const at = text.indexOf("!");
  return at === -1 ? { user: text } : { user: text.slice(0, at), name: text.slice(at + 1) };
}

function splitWhole(whole: string | undefined): { id?: string; secret?: string } {
  if (whole === undefined) return {};
  const text = whole.replace(/^PVEAPIToken[= ]/, "");
  const equals = text.indexOf("=");
  return equals === -1
    ? { secret: text }
    : { id: text.slice(0, equals), secret: text.slice(equals + 1) };
}

function defined(id: { user?: string | undefined; name?: string | undefined }): Id {
  return {
    ...(id.user === undefined ? {} : { user: id.user }),
    ...(id.name === undefined ? {} : { name: id.name }),
  };
}
