"""python3 -m atp_client.check --url http://127.0.0.1:7443 --key atp_… : runs all scenarios against a router, a line for each."""

import argparse
import asyncio
import json
import os
import signal
import sys
import time

from .client import Client
from .scenarios import SCENARIOS, Bench, Skip

SCENARIO_S = 120


class Router:
    """A router that this check starts, kills and starts again, in a process group of its own."""

    def __init__(self, command, bench):
        self.command = command
        self.bench = bench
        self.process = None

    async def start(self):
        self.process = await asyncio.create_subprocess_shell(
            self.command, stdout=asyncio.subprocess.DEVNULL, start_new_session=True
        )

    async def ready(self, within=60):
        """A session can be opened; or the command has ended before."""
        client = Client(self.bench.url, self.bench.key)
        opened = asyncio.ensure_future(client.reopen(within))
        ended = asyncio.ensure_future(self.process.wait())
        await asyncio.wait((opened, ended), return_when=asyncio.FIRST_COMPLETED)
        ended.cancel()
        if not opened.done():
            opened.cancel()
            raise SystemExit(f"the router ended with {self.process.returncode}: {self.command}")
        await opened
        await client.finish()

    async def kill(self, with_signal=signal.SIGKILL):
        if self.process is not None and self.process.returncode is None:
            os.killpg(self.process.pid, with_signal)
            await asyncio.wait_for(self.process.wait(), 30)


async def run_one(scenario, bench):
    begin = time.monotonic()
    result = {"scenario": scenario.__name__, "outcome": "ok"}
    try:
        result["detail"] = await asyncio.wait_for(scenario(bench), SCENARIO_S) or ""
    except Skip as reason:
        result |= {"outcome": "skip", "detail": str(reason)}
    except Exception as error:
        result |= {"outcome": "FAIL", "detail": f"{type(error).__name__}: {error}"}
    return result | {"ms": round(1000 * (time.monotonic() - begin))}


async def run(options):
    signing = dict(one.split(":", 1) for one in options.signing_key)
    bench = Bench(
        options.url,
        options.key,
        model=options.model,
        long_model=options.long_model,
        signing={kid: bytes.fromhex(secret) for kid, secret in signing.items()},
    )
    chosen = [one for one in SCENARIOS if not options.only or one.__name__ in options.only]
    bad = 0
    if options.serve:
        bench.router = Router(options.serve, bench)
        await bench.router.start()
    try:
        if bench.router:
            await bench.router.ready()
        for scenario in chosen:
            result = await run_one(scenario, bench)
            bad += result["outcome"] == "FAIL"
            if options.json:
                print(json.dumps(result, ensure_ascii=False), flush=True)
            else:
                detail = f": {result['detail']}" if result["detail"] else ""
                print(f"{result['outcome']:4} {result['scenario']}{detail}", flush=True)
    finally:
        if bench.router:
            await bench.router.kill(signal.SIGTERM)
    return 1 if bad else 0


def main(arguments):
    parser = argparse.ArgumentParser(prog="atp_client.check", description="Runs all scenarios against a router.")
    parser.add_argument("--url", required=True, help="http:// or ws:// address of the router")
    parser.add_argument("--key", required=True, help="key of a tenant")
    parser.add_argument("--model", default="auto", help="model whose answers take a while")
    parser.add_argument("--long-model", help="model whose answers have more than 32,768 bytes")
    parser.add_argument("--signing-key", action="append", default=[], metavar="KID:HEX", help="signing keys of the tenant, oldest first")
    parser.add_argument("--serve", metavar="COMMAND", help="starts the router; it is killed and started again")
    parser.add_argument("--only", action="append", default=[], metavar="SCENARIO")
    parser.add_argument("--json", action="store_true")
    return asyncio.run(run(parser.parse_args(arguments)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
