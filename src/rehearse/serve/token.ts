/** The API token that the server takes, and what it says to any other. */

/** `user@realm!name` and its secret. */
export interface Token {
  /** With its realm: "rehearsal@pve". */
  readonly user: string;
  readonly name: string;
  readonly value: string;
}

/** Opens nothing but a rehearsal on the loopback, and so is no secret. */
export const REHEARSAL_TOKEN: Token = {
  user: "rehearsal@pve",
  name: "capture",
  value: "00000000-0000-4000-8000-000000000000",
};

/**
 * The header `Authorization: PVEAPIToken=user@realm!name=secret` → why it is refused, or undefined.
 * Source: PVE/APIServer/Formatter.pm (extract_auth_value), PVE/AccessControl.pm (verify_token).
 */
export function refusalOf(header: string | undefined, token: Token): string | undefined {
  const given = /(?:^|\s)PVEAPIToken[= ]([^;]*)/.exec(header ?? "")?.[1];
  if (given === undefined || given === "") return "No ticket";
  const [, id = "", value] = /^(.*)=(.*)$/s.exec(unescapeUri(given)) ?? [];
  if (value === undefined) return "no tokenid specified";
  const [, user, name] = /^([^\s:/]+@[A-Za-z][\w.-]+)!([A-Za-z][\w.-]+)$/.exec(id) ?? [];
  if (user === undefined) {
    return `'${id}' is not a valid token ID - not able to split into user and token parts`;
  }
  if (user !== token.user) return `no such user ('${user}')`;
  if (name !== token.name) return `no such token '${name}' for user '${user}'`;
  return value === token.value ? undefined : "invalid token value!";
}

/** "%41" → "A"; what is no escape stays. */
function unescapeUri(text: string): string {
  return text.replace(
    /%([0-9a-f]{2})/gi,
    (_, hex: string) => String.fromCharCode(parseInt(hex, 16)),
  );
}
