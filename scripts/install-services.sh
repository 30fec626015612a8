#!/usr/bin/env bash
# Installs what optional tests and the bench use beside Node: nginx (the yardstick of `npm run bench`), PostgreSQL, Redis
# and NATS (state shared between nodes; Valkey does in place of Redis), and Prometheus for its promtool (checks metrics and
# alert rules). All are packages of Debian and Ubuntu. Tests that need one which is absent are skipped and say so; CI runs this first, so that there
# nothing is skipped.
#
#   sudo scripts/install-services.sh          install what is missing
#   scripts/install-services.sh --check       only say what is missing; exit 1 if anything is
set -euo pipefail
export PATH="$PATH:/usr/sbin:/sbin"

declare -A package_of=(
  [nginx]=nginx-light [initdb]=postgresql [redis-server]=redis-server [nats-server]=nats-server [promtool]=prometheus
)

# Debian keeps PostgreSQL's programs off PATH, in one folder per version.
installed() {
  command -v "$1" >/dev/null || compgen -G "/usr/lib/postgresql/*/bin/$1" >/dev/null ||
    { [ "$1" = redis-server ] && command -v valkey-server >/dev/null; }
}

missing() {
  local command
  for command in "${!package_of[@]}"; do
    installed "$command" || echo "${package_of[$command]}"
  done
}

mapfile -t wanted < <(missing)
if [ "${#wanted[@]}" -eq 0 ]; then
  echo "services: nginx, postgresql, redis-server, nats-server and promtool are installed"
  exit 0
fi
if [ "${1:-}" = --check ] || [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
  echo "services: missing ${wanted[*]} (install them as root with apt-get, or by hand)" >&2
  exit 1
fi

# Policy-rc.d keeps the packages from starting servers: the tests start their own, on ports of their own.
if [ ! -e /usr/sbin/policy-rc.d ]; then
  printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
  chmod +x /usr/sbin/policy-rc.d
  trap 'rm -f /usr/sbin/policy-rc.d' EXIT
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${wanted[@]}"
mapfile -t left < <(missing)
[ "${#left[@]}" -eq 0 ] || { echo "services: still missing ${left[*]}" >&2; exit 1; }
echo "services: installed ${wanted[*]}"
