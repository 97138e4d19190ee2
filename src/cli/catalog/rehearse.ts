/** TABLE: the commands that stand in for a cluster and for a Diode. */
import { RECEIVE_SETTINGS } from "../../rehearse/receive/tokens.ts";
import { SERVE_SETTINGS } from "../../rehearse/serve/token.ts";
import { COMMON_OPTIONS, JSON_OPTION, optionsOf } from "../../terminal/options.ts";
import { type CommandTable, OUT } from "./row.ts";

export const REHEARSAL_COMMANDS = {
  simulate: {
    description: "Write a believable synthetic snapshot of any size",
    example: "simulate --nodes 4 --guests 100 --seed 7 --out snapshots/simulated",
    options: {
      nodes: { type: "string", valueHint: "n", default: "4", description: "How many nodes" },
      guests: { type: "string", valueHint: "n", default: "100", description: "How many guests" },
      seed: { type: "string", valueHint: "n", default: "1", description: "Same seed, same bytes" },
      out: OUT,
      ...JSON_OPTION,
      ...COMMON_OPTIONS,
    },
    load: async () => (await import("../../rehearse/simulate/command.ts")).runSimulate,
  },
  serve: {
    description: "Answer from a snapshot as a Proxmox VE API on this machine, to rehearse capture",
    example: "serve snapshots/example --latency 20ms --fail 503:0.05",
    argument: { name: "run", help: "Run folder of a snapshot", most: 1 },
    options: {
      port: { type: "string", valueHint: "n", default: "0", description: "0: any that is free" },
      seed: { type: "string", valueHint: "n", default: "1", description: "Same seed, same faults" },
      latency: { type: "string", valueHint: "20ms", description: "Added to every answer" },
      fail: {
        type: "string",
        valueHint: "503:0.05",
        description: "Faults and their share, with commas between them: 429, 500, 502, 503, 504, " +
          "595, 596, 597, reset (the connection is dropped), cut (in the middle of the answer) or " +
          "timeout (no answer). 503x2: the first two attempts at every path. 503:1@/nodes/pve1/*: " +
          "only those paths",
      },
      "retry-after": {
        type: "string",
        valueHint: "2s",
        description: "The header that goes with 429 and 503",
      },
      "slow-agent": { type: "string", valueHint: "3s", description: "How long guest agents take" },
      offline: { type: "string", valueHint: "node,…", description: "Nodes that are switched off" },
      move: {
        type: "string",
        valueHint: "101:pve2,…",
        description: "Guests that move once the listing has named them; 101 alone: it is removed",
      },
      deny: {
        type: "string",
        valueHint: "VM.Audit,…",
        description:
          "Privileges that the token lacks. VM.Audit:/vms/104: there and below it; NoAccess:/vms/104: all of them; " +
          "VM.Audit:/*: it does not propagate",
      },
      "expire-token": {
        type: "string",
        valueHint: "n",
        description: "The token expires after n requests",
      },
      ...JSON_OPTION,
      ...COMMON_OPTIONS,
      ...optionsOf(SERVE_SETTINGS),
    },
    load: async () => (await import("../../rehearse/serve/command.ts")).runServe,
  },
  receive: {
    description: "Be a Diode on this machine that keeps what it is sent, to rehearse push",
    example: "receive --out snapshots/received --fail unavailable:0.1 --expire-tokens 5s",
    options: {
      out: OUT,
      port: { type: "string", valueHint: "n", default: "0", description: "0: any that is free" },
      path: {
        type: "string",
        valueHint: "path",
        default: "/diode",
        description: "What stands before every path, as behind Diode's nginx; / is none",
      },
      tls: {
        type: "string",
        valueHint: "file",
        description: "Speak TLS, and write the certificate that is to be trusted to this file",
      },
      seed: { type: "string", valueHint: "n", default: "1", description: "Same seed, same faults" },
      latency: {
        type: "string",
        valueHint: "20ms",
        default: "0ms",
        description: "How long each answer waits",
      },
      fail: {
        type: "string",
        valueHint: "unavailable:0.1",
        description: "Faults and their share, with commas between them: unavailable, " +
          "resource-exhausted, internal, bad-gateway, unauthorized, forbidden, no-scope, reset (the " +
          "connection breaks), lost-answer (it breaks once the request is kept) or rejected (an " +
          "error in the answer); at the token endpoint token-429, token-no-scope, token-500, " +
          "token-502, token-503 or token-reset. resetx2: the first two requests",
      },
      "expire-tokens": {
        type: "string",
        valueHint: "5s",
        default: "60m",
        description: "How long a token opens the door",
      },
      ...JSON_OPTION,
      ...COMMON_OPTIONS,
      ...optionsOf(RECEIVE_SETTINGS),
    },
    load: async () => (await import("../../rehearse/receive/command.ts")).runReceive,
  },
} as const satisfies CommandTable;
