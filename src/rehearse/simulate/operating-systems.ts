/** A weight per operating system → which one a guest runs, and what its agent says about it. */
import type { Weighted } from "../random.ts";

export interface OperatingSystem {
  readonly family: "linux" | "windows" | "bsd";
  /** Proxmox's own setting; undefined where nobody set it. */
  readonly ostype: string | undefined;
  /** `result` of agent/get-osinfo; undefined when there is no agent for it. Source: qemu-ga. */
  readonly osinfo: Readonly<Record<string, string>> | undefined;
  /** Name of its first NIC, "#" for a number that goes up. */
  readonly nicName: string;
}

const MACHINE = "x86_64";

/** What virtual machines run. */
export const VM_SYSTEMS: Weighted<OperatingSystem> = [
  [
    240,
    linux({
      id: "ubuntu",
      name: "Ubuntu",
      version: "24.04",
      label: "24.04.2 LTS (Noble Numbat)",
      kernel: "6.8.0-79-generic",
    }),
  ],
  [
    120,
    linux({
      id: "ubuntu",
      name: "Ubuntu",
      version: "22.04",
      label: "22.04.5 LTS (Jammy Jellyfish)",
      kernel: "5.15.0-151-generic",
    }),
  ],
  [
    170,
    linux({
      id: "debian",
      name: "Debian GNU/Linux",
      version: "12",
      label: "12 (bookworm)",
      kernel: "6.1.0-38-amd64",
    }),
  ],
  [
    70,
    linux({
      id: "debian",
      name: "Debian GNU/Linux",
      version: "13",
      label: "13 (trixie)",
      kernel: "6.12.41+deb13-amd64",
    }),
  ],
  [
    90,
    linux({
      id: "rocky",
      name: "Rocky Linux",
      version: "9.6",
      label: "9.6 (Blue Onyx)",
      kernel: "5.14.0-570.32.1.el9_6.x86_64",
    }),
  ],
  [
    40,
    linux({
      id: "almalinux",
      name: "AlmaLinux",
      version: "8.10",
      label: "8.10 (Cerulean Leopard)",
      kernel: "4.18.0-553.el8_10.x86_64",
    }),
  ],
  [
    15,
    linux({
      id: "fedora",
      name: "Fedora Linux",
      version: "42",
      label: "42 (Cloud Edition)",
      kernel: "6.15.9-201.fc42.x86_64",
    }),
  ],
  [
    90,
    windows({
      ostype: "win11",
      version: "2022",
      pretty: "Windows Server 2022 Standard",
      build: "20348",
    }),
  ],
  [
    50,
    windows({
      ostype: "win10",
      version: "2019",
      pretty: "Windows Server 2019 Datacenter",
      build: "17763",
    }),
  ],
  [30, windows({ ostype: "win11", version: "11", pretty: "Windows 10 Pro", build: "26100" })],
  // An agent that is older than the system that it runs on.
  [
    8,
    windows({
      ostype: "win11",
      version: "N/A",
      pretty: "Windows Server 2022 Datacenter",
      build: "20344",
    }),
  ],
  [20, bsd("other")],
  [6, bsd("l26")],
  [8, { ...without("l24"), nicName: "eth#" }],
  [4, without("solaris")],
  [6, { ...without("w2k8"), family: "windows" }],
  [3, { ...without("wxp"), family: "windows" }],
  [15, without("other")],
  [15, without(undefined)],
];

/** `ostype` of containers; devuan is not in the mapping document's table. */
export const CONTAINER_SYSTEMS: Weighted<string> = [
  [40, "debian"],
  [30, "ubuntu"],
  [14, "alpine"],
  [5, "centos"],
  [3, "fedora"],
  [2, "archlinux"],
  [2, "opensuse"],
  [1, "gentoo"],
  [1, "nixos"],
  [1, "devuan"],
  [1, "unmanaged"],
];

function linux(
  system: { id: string; name: string; version: string; label: string; kernel: string },
): OperatingSystem {
  const { id, name, version, label, kernel } = system;
  const osinfo = {
    id,
    name,
    "pretty-name": `${name} ${label}`,
    version: label,
    "version-id": version,
    "kernel-release": kernel,
    "kernel-version": "#1 SMP PREEMPT_DYNAMIC",
    machine: MACHINE,
  };
  return { family: "linux", ostype: "l26", osinfo, nicName: id === "almalinux" ? "eth#" : "ens#" };
}

function windows(
  system: { ostype: string; version: string; pretty: string; build: string },
): OperatingSystem {
  const isServer = system.pretty.includes("Server");
  const name = "Microsoft Windows";
  const long = isServer ? `${name} Server ${system.version}` : `${name} ${system.version}`;
  const variant = isServer ? "server" : "client";
  const osinfo = {
    id: "mswindows",
    name,
    "pretty-name": system.pretty,
    version: system.version === "N/A" ? "N/A" : long,
    "version-id": system.version,
    variant,
    "variant-id": variant,
    "kernel-release": system.build,
    "kernel-version": "10.0",
    machine: MACHINE,
  };
  return { family: "windows", ostype: system.ostype, osinfo, nicName: "Ethernet #" };
}

/** The agent of FreeBSD and OPNsense knows neither name nor version. */
function bsd(ostype: string): OperatingSystem {
  const osinfo = {
    "kernel-release": "13.1-RELEASE-p5",
    "kernel-version": "FreeBSD 13.1-RELEASE-p5 stable/23.1-n250372-c4ad069e50a SMP",
    machine: "amd64",
  };
  return { family: "bsd", ostype, osinfo, nicName: "vtnet#" };
}

function without(ostype: string | undefined): OperatingSystem {
  return { family: "linux", ostype, osinfo: undefined, nicName: "eth#" };
}
