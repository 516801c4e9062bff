// For end-to-end tests of `setup`: scripts in place of commands that it runs.
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** The service's file, and the id and the log of its process, in the home folder. */
const UNIT = ".config/systemd/user/lighthouse-host.service";

/**
 * Does what `setup` asks of systemd: it starts the unit's command, with the unit's variables and no others,
 * and ends it.
 */
export const SYSTEMCTL = `#!/bin/sh
cd "$HOME"
case "$*" in
*restart* | *disable*)
  if [ -f host.pid ]; then
    kill "$(cat host.pid)" && tail --pid="$(cat host.pid)" -f /dev/null
    rm host.pid
  fi ;;
*is-active*)
  exec kill -0 "$(cat host.pid)" ;;
esac
case "$*" in
*restart*)
  environment=$(sed -n 's/^Environment=//p' ${UNIT})
  command=$(sed -n 's/^ExecStart=//p' ${UNIT})
  eval "exec setsid env -i HOME='$HOME' PATH=/usr/bin:/bin LIGHTHOUSE_PORT_MAPPING=off $environment $command" \\
    >host.log 2>&1 </dev/null &
  echo $! >host.pid ;;
esac
`;

/** Says what npm says without a network. */
export const BROKEN_NPM = `#!/bin/sh
echo "npm error code ENOTFOUND" >&2
echo "npm error request to https://registry.npmjs.org/ failed, reason: getaddrinfo ENOTFOUND" >&2
exit 1
`;

/** An npm that has the packages already. `ci` is for WebRTC, which the tests' own packages have. */
export function linkingNpm(packages: string): string {
  return `#!/bin/sh
set -e
mkdir -p node_modules
cd node_modules
ln -sfn ${packages}/* ${ROOT}node_modules/node-datachannel .
rm lighthouse-tunnel
cp -al ${packages}/lighthouse-tunnel .
`;
}
