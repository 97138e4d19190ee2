/** TABLE: the commands that act as a cluster, a Diode or a NetBox, to rehearse without them. */
import {
  NETWORK_DEPTHS,
  RECEIVE_SETTINGS,
  SERVE_NETBOX_SETTINGS,
  SERVE_SETTINGS,
} from "../rehearse/settings.ts";
import {
  onOff,
  type OptionDef,
  optionsOf,
  outOption,
  OUTPUT_OPTIONS,
  valued,
} from "../terminal/options.ts";

const TLS = valued("file", "Use TLS, and write the certificate to trust to this file");
const PORT = valued("n", "Port to listen on; 0: any free port", { default: "0" });

function seed(what: string): OptionDef {
  return valued("n", `The same seed gives the same ${what}`, { default: "1" });
}

/** catalog.ts checks the rows. */
export const REHEARSE_COMMANDS = {
  simulate: {
    description: "Write a realistic synthetic snapshot of any size",
    example: "simulate --nodes 4 --guests 100 --seed 7 --out snapshots/simulated",
    options: {
      nodes: valued("n", "Number of nodes", { default: "4" }),
      guests: valued("n", "Number of guests", { default: "100" }),
      seed: seed("bytes"),
      networks: valued(
        "mapped|full",
        "full: also SDN, trunks, and the rest of what NETWORK_DEPTH=full and rules read",
        { default: "mapped", words: NETWORK_DEPTHS },
      ),
      out: outOption("default snapshots/simulated"),
      ...OUTPUT_OPTIONS,
    },
    load: async () => (await import("../rehearse/simulate/simulate.ts")).runSimulate,
  },
  serve: {
    description: "Serve a snapshot as a local Proxmox VE, to rehearse capture",
    example: "serve snapshots/example --latency 20ms --fail 503:0.05",
    argument: { name: "run", help: "Run folder of a snapshot", max: 1 },
    options: {
      port: PORT,
      seed: seed("faults"),
      latency: valued("20ms", "Delay of every answer"),
      fail: valued(
        "503:0.05",
        "Faults and their share, separated by commas: 429, 500, 502, 503, 504, " +
          "595, 596, 597, reset (drop the connection), cut (drop it within the answer) or " +
          "timeout (no answer). 503x2: the first two attempts at every path. 503:1@/nodes/pve1/*: " +
          "only these paths",
      ),
      "retry-after": valued("2s", "Retry-After header of 429 and 503"),
      "slow-agent": valued("3s", "Delay of guest agents"),
      offline: valued("node,…", "Nodes that are offline"),
      move: valued(
        "101:pve2,…",
        "Guests that migrate after the listing has named them; 101 alone: removed",
      ),
      deny: valued(
        "VM.Audit,…",
        "Privileges that the token lacks. VM.Audit:/vms/104: on that path and below; " +
          "NoAccess:/vms/104: all of them; VM.Audit:/*: it does not propagate",
      ),
      "expire-token": valued("n", "The token expires after n requests"),
      ...OUTPUT_OPTIONS,
      ...optionsOf(SERVE_SETTINGS),
    },
    load: async () => (await import("../rehearse/serve/command.ts")).runServe,
  },
  receive: {
    description: "Act as a local Diode that keeps what it receives",
    example: "receive --out snapshots/received --fail unavailable:0.1 --expire-tokens 5s",
    options: {
      out: outOption("default: nothing is stored"),
      port: PORT,
      path: valued("path", "Prefix of every path, as behind Diode's nginx; /: no prefix", {
        default: "/diode",
      }),
      tls: TLS,
      seed: seed("faults"),
      latency: valued("20ms", "Delay of every answer", { default: "0ms" }),
      fail: valued(
        "unavailable:0.1",
        "Faults and their share, separated by commas: unavailable, " +
          "resource-exhausted, internal, bad-gateway, unauthorized, forbidden, no-scope, reset " +
          "(drop the connection), lost-answer (drop it once the request is kept) or rejected (an " +
          "error in the answer); at the token endpoint token-429, token-no-scope, token-500, " +
          "token-502, token-503 or token-reset. resetx2: the first two requests",
      ),
      "expire-tokens": valued("5s", "Lifetime of a token", { default: "60m" }),
      ...OUTPUT_OPTIONS,
      ...optionsOf(RECEIVE_SETTINGS),
    },
    load: async () => (await import("../rehearse/receive/command.ts")).runReceive,
  },
  "serve-netbox": {
    description: "Serve a target folder as a local NetBox, to rehearse survey",
    example: "serve-netbox snapshots/example-netbox --latency 20ms --fail 503:0.05",
    argument: { name: "target", help: "Target folder that survey wrote", max: 1 },
    options: {
      port: PORT,
      tls: TLS,
      seed: seed("faults"),
      latency: valued("20ms", "Delay of every answer"),
      fail: valued(
        "503:0.05",
        "Faults and their share, separated by commas: 429, 500, 502, 503, 504, reset (drop the " +
          "connection), cut (drop it within the answer) or timeout (no answer). 503x2: the first two " +
          "attempts of every request",
      ),
      deny: valued("ipam.view_vlan,…", "Permissions that the token lacks"),
      writable: onOff("Accept changes, to rehearse tidy; they are lost when it stops"),
      ...OUTPUT_OPTIONS,
      ...optionsOf(SERVE_NETBOX_SETTINGS),
    },
    load: async () => (await import("../rehearse/netbox/command.ts")).runServeNetBox,
  },
};
