"""A whole session with pytest-lsp's client, which stands on pygls.

python session.py WORKSPACE DEV TANDEM ARGS...
"""

import asyncio
import json
import pathlib
import sys

import pytest_lsp
from lsprotocol import types
from pygls.exceptions import JsonRpcException

PATIENCE = 60


def say(*what):
    print(json.dumps(what, separators=(",", ":")), flush=True)


async def until(what, holds):
    """Waits until holds() is true, which only a message of the server changes."""
    try:
        async with asyncio.timeout(PATIENCE):
            while not holds():
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise RuntimeError(f"no {what}") from None


async def session(workspace, dev, command):
    client = pytest_lsp.make_test_lsp_client()
    seen = {"seq": 0, "state": "", "output": ""}

    @client.feature("session/didChange")
    def changed(ls, s):
        if s.seq != seen["seq"] + 1:
            say("gap", seen["seq"], s.seq)
        seen["seq"] = s.seq
        if s.state != seen["state"]:
            say("state", s.state)
        seen["state"] = s.state

    @client.feature("session/output")
    def wrote(ls, o):
        seen["output"] += o.text

    def ask(method, params):
        return asyncio.wait_for(client.protocol.send_request_async(method, params), PATIENCE)

    await client.start_io(*command, cwd=str(workspace))
    root = workspace.as_uri()
    initialized = await client.initialize_session(
        types.InitializeParams(
            capabilities=pytest_lsp.client_capabilities("visual-studio-code"),
            root_uri=root,
            workspace_folders=[types.WorkspaceFolder(uri=root, name="shop")],
        )
    )
    own = initialized.capabilities.experimental
    own = own["tandem"] if isinstance(own, dict) else own.tandem
    own = own if isinstance(own, dict) else own._asdict()
    say("protocol", own["protocolVersion"] == 1 and "session/start" in own["methods"])

    # The manifest as a language.
    path = workspace / "okteto.yml"
    uri, text = path.as_uri(), path.read_text()
    document = types.TextDocumentIdentifier(uri=uri)
    line = text.split("\n").index(f"  {dev}:") + 1
    version = 1

    def change(first, last, new):
        nonlocal version
        version += 1
        client.text_document_did_change(
            types.DidChangeTextDocumentParams(
                text_document=types.VersionedTextDocumentIdentifier(uri=uri, version=version),
                content_changes=[
                    types.TextDocumentContentChangePartial(
                        range=types.Range(types.Position(first, 0), types.Position(last, 0)), text=new
                    )
                ],
            )
        )

    client.text_document_did_open(
        types.DidOpenTextDocumentParams(types.TextDocumentItem(uri=uri, language_id="yaml", version=1, text=text))
    )
    pull = initialized.capabilities.diagnostic_provider is not None

    async def diagnostics(what, holds):
        """Waits for diagnostics: asked for, where the server wants that, or published."""
        if not pull:
            return await until(what, lambda: holds(client.diagnostics.get(uri, [])))
        async with asyncio.timeout(PATIENCE):
            while True:
                report = await client.text_document_diagnostic_async(types.DocumentDiagnosticParams(document))
                if holds(report.items):
                    return
                await asyncio.sleep(0.05)

    change(line, line, "    forwrad: []\n")
    await diagnostics(
        "diagnostic", lambda all: any(d.code == "unknown-field" and d.range.start.line == line for d in all)
    )
    say("diagnostic", "unknown-field")
    change(line, line + 1, "    time\n")
    offered = await client.text_document_completion_async(
        types.CompletionParams(text_document=document, position=types.Position(line, 8))
    )
    items = offered.items if hasattr(offered, "items") else offered
    say("completion", any(i.label.startswith("timeout") for i in items))
    change(line, line + 1, "")
    await diagnostics("end of errors", lambda all: not any(d.severity == types.DiagnosticSeverity.Error for d in all))

    async def lens(title):
        lenses = await client.text_document_code_lens_async(types.CodeLensParams(document))
        return any(one.command and one.command.title == title for one in lenses or [])

    say("lens", await lens("Run hybrid"))

    try:
        await ask("session/start", {"manifest": uri, "dev": "nobody"})
        say("error", "none")
    except JsonRpcException as failure:
        data = failure.data if isinstance(failure.data, dict) else failure.data._asdict()
        say("error", failure.code == -32803 and data["hint"] != "", data["kind"])
    ready = await ask("session/start", {"manifest": uri, "dev": dev, "options": {"run": True}})
    say("ready", ready.id, ready.state)
    await until("output", lambda: "serving" in seen["output"])
    say("output")
    say("lens", await lens("Stop"))
    env = await ask("env/resolve", {"id": ready.id})
    where = [v.value for v in env.variables if v.name == "SHOP_WHERE"]
    say("env", where[0] if where else None, all(not v.secret or not hasattr(v, "value") for v in env.variables))
    stopped = await ask("session/stop", {"id": ready.id})
    say("stopped", stopped.state)
    server = client._server
    await client.shutdown_session()
    await client.stop()
    say("exit", server.returncode)


if __name__ == "__main__":
    asyncio.run(session(pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3:]))
