import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Executors;

/** The shop's api in Java, as far as the tests of debuggers need it. */
public class Api {
    public static void main(String[] args) throws Exception {
        String[] listen = System.getenv("SHOP_LISTEN").split(":");
        HttpServer server = HttpServer.create(new InetSocketAddress(listen[0], Integer.parseInt(listen[1])), 0);
        server.createContext("/", exchange -> {
            byte[] body = answer(exchange.getRequestURI().getPath()).getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.setExecutor(Executors.newCachedThreadPool());
        server.start();
    }

    static String answer(String path) {
        if (path.equals("/orders")) {
            String token = System.getenv("API_TOKEN");
            return "{\"takenBy\":\"java\",\"signed\":" + token.length() + "}"; // breakpoint
        }
        return "{\"hostname\":\"java\",\"servedBy\":\"" + System.getenv("SHOP_WHERE") + "\",\"pid\":" + ProcessHandle.current().pid() + "}";
    }
}
