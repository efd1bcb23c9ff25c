package shop;

import static org.junit.Assert.assertEquals;

import java.net.Socket;
import java.nio.charset.StandardCharsets;
import org.junit.Test;

/** An integration test as JUnit runs it through Gradle: an order in the shop's real Redis. */
public class StoreTest {
    @Test
    public void store() throws Exception {
        String[] address = System.getenv("REDIS_ADDR").split(":");
        String token = System.getenv("API_TOKEN");
        String order = "{\"item\":\"gradle\",\"token\":" + token.length() + "}"; // breakpoint
        try (Socket redis = new Socket(address[0], Integer.parseInt(address[1]))) {
            redis.getOutputStream().write(("*3\r\n$5\r\nLPUSH\r\n$11\r\nshop:orders\r\n$" + order.length() + "\r\n" + order + "\r\n")
                .getBytes(StandardCharsets.US_ASCII));
            assertEquals(':', redis.getInputStream().read());
        }
    }
}
