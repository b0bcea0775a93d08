package countersign.ehr;

import ca.uhn.fhir.rest.server.RestfulServer;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.StandardEnvironment;

/** HAPI FHIR's JPA server, R4, with rest-hook subscriptions; prints its address on stdout once it answers. */
public final class Main {
    public static void main(String[] arguments) throws Exception {
        ConfigurableEnvironment settings = new StandardEnvironment();
        addSecrets(settings);
        Server server = new Server();
        ServerConnector connector = new ServerConnector(server);
        connector.setHost(settings.getProperty("server.address", "127.0.0.1"));
        connector.setPort(settings.getProperty("server.port", Integer.class, 8080));
        connector.open();
        String address = settings.getProperty(
                "hapi.fhir.server_address", "http://127.0.0.1:" + connector.getLocalPort() + "/fhir");
        System.setProperty("hapi.fhir.server_address", address);

        var context = new AnnotationConfigApplicationContext();
        context.setEnvironment(settings);
        context.register(Store.class, Api.class);
        context.refresh();
        context.registerShutdownHook();
        server.addConnector(connector);
        server.setHandler(handler(context.getBean(RestfulServer.class)));
        server.setStopAtShutdown(true);
        server.start();
        System.out.println(address);
        server.join();
    }

    /** Each file of the folder that spring.config.import names is a property, as in HAPI's own image. */
    private static void addSecrets(ConfigurableEnvironment settings) throws IOException {
        String folder = settings.getProperty("spring.config.import", "").replaceFirst("^(optional:)?configtree:", "");
        if (folder.isEmpty() || !Files.isDirectory(Path.of(folder))) {
            return;
        }
        Map<String, Object> secrets = new HashMap<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(Path.of(folder), Files::isRegularFile)) {
            for (Path file : files) {
                secrets.put(file.getFileName().toString(), Files.readString(file).strip());
            }
        }
        settings.getPropertySources().addLast(new MapPropertySource("secrets", secrets));
    }

    private static ServletContextHandler handler(RestfulServer fhir) {
        ServletContextHandler handler = new ServletContextHandler("/");
        handler.addServlet(new ServletHolder(fhir), "/fhir/*");
        return handler;
    }
}
