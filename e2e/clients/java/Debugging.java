import com.google.gson.Gson;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.reflect.TypeToken;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.eclipse.lsp4j.debug.*;
import org.eclipse.lsp4j.debug.launch.DSPLauncher;
import org.eclipse.lsp4j.debug.services.IDebugProtocolClient;
import org.eclipse.lsp4j.debug.services.IDebugProtocolServer;

/**
 * Debugs a dev with the debugging half of Eclipse LSP4J, from the files that LSP4IJ imports: the
 * adapter is started by the template's command, found by the template's pattern, and launched with
 * the template's parameters, in the order in which LSP4IJ talks to one.
 *
 * <pre>java -cp JARS Debugging WORKSPACE TEMPLATE_FOLDER FILE LINE URL_OF_WEB</pre>
 */
public final class Debugging {
  private static final long PATIENCE = 120;

  /** What the adapter tells; LSP4J calls these on its reading thread. */
  static final class Editor implements IDebugProtocolClient {
    final CompletableFuture<Void> initialized = new CompletableFuture<>();
    final CompletableFuture<StoppedEventArguments> stopped = new CompletableFuture<>();
    final CompletableFuture<Void> terminated = new CompletableFuture<>();

    @Override
    public void initialized() {
      initialized.complete(null);
    }

    @Override
    public void stopped(StoppedEventArguments args) {
      stopped.complete(args);
    }

    @Override
    public void terminated(TerminatedEventArguments args) {
      terminated.complete(null);
    }
  }

  private static void say(Object... what) {
    System.out.println(new Gson().toJson(what));
  }

  private static <T> T get(CompletableFuture<T> answer) throws Exception {
    return answer.get(PATIENCE, TimeUnit.SECONDS);
  }

  public static void main(String[] args) throws Exception {
    Path workspace = Path.of(args[0]);
    Path folder = Path.of(args[1]);
    String file = args[2];
    int line = Integer.parseInt(args[3]);
    String web = args[4];

    JsonObject template = JsonParser.parseString(Files.readString(folder.resolve("template.json"))).getAsJsonObject();
    List<String> command = Arrays.asList(template.getAsJsonObject("launch").get("default").getAsString().split(" +"));
    Process process = new ProcessBuilder(command).directory(workspace.toFile()).redirectErrorStream(true).start();
    Matcher where = announced(process, template.get("debugServerReadyPattern").getAsString());
    say("listening", command.get(0));

    Editor editor = new Editor();
    var threads = Executors.newCachedThreadPool(r -> {
      java.lang.Thread t = new java.lang.Thread(r);
      t.setDaemon(true);
      return t;
    });
    Socket socket = new Socket(where.group("address"), Integer.parseInt(where.group("port")));
    var launcher = DSPLauncher.createClientLauncher(editor, socket.getInputStream(), socket.getOutputStream(), threads, c -> c);
    launcher.startListening();
    IDebugProtocolServer adapter = launcher.getRemoteProxy();

    Map<String, Object> parameters =
        new Gson().fromJson(Files.readString(folder.resolve("launch.json")), new TypeToken<Map<String, Object>>() {}.getType());
    InitializeRequestArguments initialize = new InitializeRequestArguments();
    initialize.setClientID("lsp4ij");
    initialize.setAdapterID((String) parameters.get("type"));
    initialize.setPathFormat("path");
    initialize.setLinesStartAt1(true);
    initialize.setColumnsStartAt1(true);
    initialize.setSupportsVariableType(true);
    initialize.setSupportsVariablePaging(false);
    initialize.setSupportsRunInTerminalRequest(true);
    initialize.setSupportsStartDebuggingRequest(true);
    Capabilities capabilities = get(adapter.initialize(initialize));
    CompletableFuture<Void> launched = adapter.launch(parameters);
    launched.whenComplete((done, failure) -> {
      if (failure != null) {
        editor.initialized.completeExceptionally(failure);
      }
    });
    get(editor.initialized);
    Source source = new Source();
    source.setPath(file);
    SourceBreakpoint breakpoint = new SourceBreakpoint();
    breakpoint.setLine(line);
    SetBreakpointsArguments breakpoints = new SetBreakpointsArguments();
    breakpoints.setSource(source);
    breakpoints.setBreakpoints(new SourceBreakpoint[] {breakpoint});
    say("breakpoint", get(adapter.setBreakpoints(breakpoints)).getBreakpoints()[0].isVerified());
    if (Boolean.TRUE.equals(capabilities.getSupportsConfigurationDoneRequest())) {
      get(adapter.configurationDone(new ConfigurationDoneArguments()));
    }
    get(launched);
    say("launched");

    // Through web, in the cluster. Until the program listens, nobody or somebody else answers.
    HttpClient http = HttpClient.newHttpClient();
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE);
    while (!served(http, web)) {
      if (System.nanoTime() > end) {
        throw new IllegalStateException("the debugged program does not answer web");
      }
      java.lang.Thread.sleep(100);
    }
    var orders = http.sendAsync(request(web + "/orders"), HttpResponse.BodyHandlers.ofString());
    StoppedEventArguments stopped = get(editor.stopped);
    StackTraceArguments trace = new StackTraceArguments();
    trace.setThreadId(stopped.getThreadId());
    StackFrame top = get(adapter.stackTrace(trace)).getStackFrames()[0];
    say("stopped", stopped.getReason(), top.getSource().getPath().equals(file), top.getLine() == line);
    EvaluateArguments expression = new EvaluateArguments();
    expression.setFrameId(top.getId());
    expression.setContext("repl");
    expression.setExpression("a.where");
    say("where", get(adapter.evaluate(expression)).getResult());
    ContinueArguments on = new ContinueArguments();
    on.setThreadId(stopped.getThreadId());
    get(adapter.continue_(on));
    say("answer", get(orders).statusCode());

    if (Boolean.TRUE.equals(capabilities.getSupportsTerminateRequest())) {
      get(adapter.terminate(new TerminateArguments()));
      get(editor.terminated);
    }
    DisconnectArguments disconnect = new DisconnectArguments();
    disconnect.setTerminateDebuggee(true);
    get(adapter.disconnect(disconnect));
    socket.close();
    if (!process.waitFor(PATIENCE, TimeUnit.SECONDS)) {
      throw new IllegalStateException("the adapter does not end");
    }
    say("exit", process.exitValue());
    threads.shutdownNow();
  }

  /** Reads what the adapter prints until it says where it listens, and the rest beside everything else. */
  private static Matcher announced(Process process, String pattern) throws IOException {
    String expression = Pattern.quote(pattern)
        .replace("${address}", "\\E(?<address>[^:\\s]+)\\Q").replace("${port}", "\\E(?<port>\\d+)\\Q");
    BufferedReader out = new BufferedReader(new InputStreamReader(process.getInputStream()));
    for (String text = out.readLine(); text != null; text = out.readLine()) {
      Matcher m = Pattern.compile(expression).matcher(text);
      System.err.println(text);
      if (m.find()) {
        java.lang.Thread rest = new java.lang.Thread(() -> out.lines().forEach(System.err::println));
        rest.setDaemon(true);
        rest.start();
        return m;
      }
    }
    throw new IllegalStateException("the adapter ended without saying where it listens");
  }

  private static HttpRequest request(String url) {
    return HttpRequest.newBuilder(URI.create(url)).timeout(Duration.ofSeconds(PATIENCE)).build();
  }

  private static boolean served(HttpClient http, String web) throws InterruptedException {
    try {
      return http.send(request(web + "/whoami"), HttpResponse.BodyHandlers.ofString()).body().contains("\"local\"");
    } catch (IOException e) {
      return false;
    }
  }
}
