import com.google.gson.Gson;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.eclipse.lsp4j.*;
import org.eclipse.lsp4j.jsonrpc.Launcher;
import org.eclipse.lsp4j.jsonrpc.ResponseErrorException;
import org.eclipse.lsp4j.jsonrpc.messages.Either;
import org.eclipse.lsp4j.jsonrpc.services.JsonNotification;
import org.eclipse.lsp4j.jsonrpc.services.JsonRequest;
import org.eclipse.lsp4j.services.LanguageClient;
import org.eclipse.lsp4j.services.LanguageServer;

/**
 * A whole session with Eclipse LSP4J, the library under JetBrains' LSP4IJ and Eclipse's own client,
 * from the files that LSP4IJ imports.
 *
 * <pre>java -cp JARS Session WORKSPACE DEV TEMPLATE_FOLDER</pre>
 */
public final class Session {
  private static final long PATIENCE = 60;

  /** Tandem's requests beside those of LSP. */
  interface Tandem extends LanguageServer {
    @JsonRequest("session/start")
    CompletableFuture<JsonObject> start(JsonObject params);

    @JsonRequest("session/stop")
    CompletableFuture<JsonObject> stop(JsonObject params);

    @JsonRequest("env/resolve")
    CompletableFuture<JsonObject> resolve(JsonObject params);
  }

  /** What the server tells; LSP4J calls these on its reading thread. */
  static final class Editor implements LanguageClient {
    private long seq;
    private String state = "";
    private final StringBuilder output = new StringBuilder();
    private List<Diagnostic> diagnostics = List.of();

    @JsonNotification("session/didChange")
    public synchronized void changed(JsonObject s) {
      if (s.get("seq").getAsLong() != seq + 1) {
        say("gap", seq, s.get("seq").getAsLong());
      }
      seq = s.get("seq").getAsLong();
      if (!state.equals(s.get("state").getAsString())) {
        say("state", s.get("state").getAsString());
      }
      state = s.get("state").getAsString();
      notifyAll();
    }

    @JsonNotification("session/output")
    public synchronized void wrote(JsonObject o) {
      output.append(o.get("text").getAsString());
      notifyAll();
    }

    @JsonNotification("env/didChange")
    public void environmentChanged(JsonObject e) {}

    @Override
    public synchronized void publishDiagnostics(PublishDiagnosticsParams params) {
      diagnostics = params.getDiagnostics();
      notifyAll();
    }

    @Override
    public CompletableFuture<Void> createProgress(WorkDoneProgressCreateParams params) {
      return CompletableFuture.completedFuture(null);
    }

    @Override
    public void notifyProgress(ProgressParams params) {}

    @Override
    public void telemetryEvent(Object object) {}

    @Override
    public void showMessage(MessageParams params) {}

    @Override
    public CompletableFuture<MessageActionItem> showMessageRequest(ShowMessageRequestParams params) {
      return CompletableFuture.completedFuture(null);
    }

    @Override
    public void logMessage(MessageParams params) {}

    synchronized void await(String what, BooleanSupplier holds) throws InterruptedException {
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE);
      while (!holds.getAsBoolean()) {
        long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
        if (left <= 0) {
          throw new IllegalStateException("no " + what);
        }
        wait(left);
      }
    }
  }

  private static void say(Object... what) {
    System.out.println(new Gson().toJson(what));
  }

  private static <T> T get(CompletableFuture<T> answer) throws Exception {
    return answer.get(PATIENCE, TimeUnit.SECONDS);
  }

  private static JsonObject object(Map<String, Object> members) {
    return new Gson().toJsonTree(members).getAsJsonObject();
  }

  public static void main(String[] args) throws Exception {
    Path workspace = Path.of(args[0]);
    String dev = args[1];
    Path folder = Path.of(args[2]);
    JsonObject template = JsonParser.parseString(Files.readString(folder.resolve("template.json"))).getAsJsonObject();
    List<String> command = Arrays.asList(template.getAsJsonObject("programArgs").get("default").getAsString().split(" +"));
    Process process =
        new ProcessBuilder(command).directory(workspace.toFile()).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    Editor editor = new Editor();
    var threads = Executors.newCachedThreadPool(r -> {
      Thread t = new Thread(r);
      t.setDaemon(true);
      return t;
    });
    Launcher<Tandem> launcher =
        new Launcher.Builder<Tandem>()
            .setLocalService(editor)
            .setRemoteInterface(Tandem.class)
            .setInput(process.getInputStream())
            .setOutput(process.getOutputStream())
            .setExecutorService(threads)
            .create();
    launcher.startListening();
    Tandem server = launcher.getRemoteProxy();

    InitializeParams initialize = new InitializeParams();
    initialize.setProcessId((int) ProcessHandle.current().pid());
    initialize.setInitializationOptions(JsonParser.parseString(Files.readString(folder.resolve("initializationOptions.json"))));
    initialize.setClientInfo(new ClientInfo("lsp4j"));
    String root = workspace.toUri().toString().replaceAll("/$", "").replaceFirst("^file:/+", "file:///");
    initialize.setWorkspaceFolders(List.of(new WorkspaceFolder(root, "shop")));
    ClientCapabilities capabilities = new ClientCapabilities();
    WindowClientCapabilities window = new WindowClientCapabilities();
    window.setWorkDoneProgress(true);
    capabilities.setWindow(window);
    initialize.setCapabilities(capabilities);
    ServerCapabilities offered = get(server.initialize(initialize)).getCapabilities();
    server.initialized(new InitializedParams());
    JsonObject own = ((JsonElement) offered.getExperimental()).getAsJsonObject().getAsJsonObject("tandem");
    List<String> methods = new ArrayList<>();
    own.getAsJsonArray("methods").forEach(m -> methods.add(m.getAsString()));
    say("protocol", own.get("protocolVersion").getAsInt() == 1 && methods.contains("session/start"));

    // The manifest as a language.
    String uri = root + "/okteto.yml";
    String text = Files.readString(workspace.resolve("okteto.yml"));
    TextDocumentIdentifier document = new TextDocumentIdentifier(uri);
    int line = Arrays.asList(text.split("\n")).indexOf("  " + dev + ":") + 1;
    var documents = server.getTextDocumentService();
    documents.didOpen(new DidOpenTextDocumentParams(new TextDocumentItem(uri, "yaml", 1, text)));
    documents.didChange(change(uri, 2, line, line, "    forwrad: []\n"));
    editor.await("diagnostic", () -> editor.diagnostics.stream().anyMatch(
        d -> "unknown-field".equals(d.getCode().getLeft()) && d.getRange().getStart().getLine() == line));
    say("diagnostic", "unknown-field");
    documents.didChange(change(uri, 3, line, line + 1, "    time\n"));
    Either<List<CompletionItem>, CompletionList> completion =
        get(documents.completion(new CompletionParams(document, new Position(line, 8))));
    List<CompletionItem> items = completion.isLeft() ? completion.getLeft() : completion.getRight().getItems();
    say("completion", items.stream().anyMatch(i -> i.getLabel().startsWith("timeout")));
    documents.didChange(change(uri, 4, line, line + 1, ""));
    editor.await("end of errors", () -> editor.diagnostics.stream().noneMatch(d -> d.getSeverity() == DiagnosticSeverity.Error));
    say("lens", lens(server, document, "Run hybrid"));

    try {
      get(server.start(object(Map.of("manifest", uri, "dev", "nobody"))));
      say("error", "none");
    } catch (ExecutionException e) {
      var failure = ((ResponseErrorException) e.getCause()).getResponseError();
      JsonObject data = ((JsonElement) failure.getData()).getAsJsonObject();
      say("error", failure.getCode() == -32803 && !data.get("hint").getAsString().isEmpty(), data.get("kind").getAsString());
    }
    JsonObject ready = get(server.start(object(Map.of("manifest", uri, "dev", dev, "options", Map.of("run", true)))));
    String id = ready.get("id").getAsString();
    say("ready", id, ready.get("state").getAsString());
    editor.await("output", () -> editor.output.indexOf("serving") >= 0);
    say("output");
    say("lens", lens(server, document, "Stop"));

    String where = null;
    boolean masked = true;
    for (JsonElement v : get(server.resolve(object(Map.of("id", id)))).getAsJsonArray("variables")) {
      JsonObject variable = v.getAsJsonObject();
      if (variable.get("name").getAsString().equals("SHOP_WHERE")) {
        where = variable.get("value").getAsString();
      }
      masked &= !variable.get("secret").getAsBoolean() || !variable.has("value");
    }
    say("env", where, masked);
    say("stopped", get(server.stop(object(Map.of("id", id)))).get("state").getAsString());
    get(server.shutdown());
    server.exit();
    if (!process.waitFor(PATIENCE, TimeUnit.SECONDS)) {
      throw new IllegalStateException("the server does not end");
    }
    say("exit", process.exitValue());
    threads.shutdownNow();
  }

  private static DidChangeTextDocumentParams change(String uri, int version, int first, int last, String text) {
    Range range = new Range(new Position(first, 0), new Position(last, 0));
    return new DidChangeTextDocumentParams(
        new VersionedTextDocumentIdentifier(uri, version), List.of(new TextDocumentContentChangeEvent(range, text)));
  }

  private static boolean lens(Tandem server, TextDocumentIdentifier document, String title) throws Exception {
    return get(server.getTextDocumentService().codeLens(new CodeLensParams(document))).stream()
        .anyMatch(l -> l.getCommand() != null && title.equals(l.getCommand().getTitle()));
  }
}
