package countersign.judge;

import ca.uhn.hl7v2.DefaultHapiContext;
import ca.uhn.hl7v2.HL7Exception;
import ca.uhn.hl7v2.HapiContext;
import ca.uhn.hl7v2.app.Connection;
import ca.uhn.hl7v2.model.AbstractGroup;
import ca.uhn.hl7v2.model.Message;
import ca.uhn.hl7v2.model.Structure;
import ca.uhn.hl7v2.parser.DefaultModelClassFactory;
import ca.uhn.hl7v2.parser.Parser;
import ca.uhn.hl7v2.util.Terser;
import ca.uhn.hl7v2.validation.impl.ValidationContextFactory;
import com.google.gson.Gson;
import com.google.gson.JsonObject;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.camel.CamelContext;
import org.apache.camel.ProducerTemplate;
import org.apache.camel.component.mllp.MllpConstants;
import org.apache.camel.impl.engine.SimpleCamelContext;

/**
 * Judges HL7 v2: a request a line on stdin, an answer a line on stdout.
 *
 * <p>{"do": "parse", "message": …}: HAPI, its standard rules strict: structure and the segments that are not in it. {"do":
 * "send", "port": …, "messages": […]}: HAPI builds each anew from its model and sends it; the answers. {"do": "camel",
 * …}: Apache Camel's MLLP producer sends them as they are.
 */
public final class Hl7 {
    private static final Gson GSON = new Gson();
    private final HapiContext strict = context();

    public static void main(String[] arguments) throws Exception {
        Hl7 judge = new Hl7();
        var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            System.out.println(GSON.toJson(judge.answer(GSON.fromJson(line, JsonObject.class))));
        }
    }

    private static HapiContext context() {
        HapiContext made = new DefaultHapiContext();
        made.setModelClassFactory(new DefaultModelClassFactory());
        made.setValidationContext(ValidationContextFactory.defaultValidation());
        return made;
    }

    private Map<String, ?> answer(JsonObject asked) {
        try {
            return switch (asked.get("do").getAsString()) {
                case "parse" -> parsed(asked.get("message").getAsString());
                case "send" -> Map.of("answers", sent(asked.get("port").getAsInt(), texts(asked)));
                default -> Map.of("answers", byCamel(asked.get("port").getAsInt(), texts(asked)));
            };
        } catch (Exception failure) {
            return Map.of("error", String.valueOf(failure));
        }
    }

    private static List<String> texts(JsonObject asked) {
        List<String> texts = new ArrayList<>();
        asked.getAsJsonArray("messages").forEach(each -> texts.add(each.getAsString()));
        return texts;
    }

    private Map<String, ?> parsed(String text) throws HL7Exception {
        Message message = strict.getPipeParser().parse(text);
        return Map.of(
                "structure", message.getClass().getSimpleName(),
                "version", message.getVersion(),
                "nonstandard", strange((AbstractGroup) message),
                "again", message.encode());
    }

    /** Segments that the message's structure has no place for. */
    private static List<String> strange(AbstractGroup group) throws HL7Exception {
        List<String> found = new ArrayList<>(group.getNonStandardNames());
        for (String name : group.getNames()) {
            for (Structure each : group.getAll(name)) {
                if (each instanceof AbstractGroup inner) {
                    found.addAll(strange(inner));
                }
            }
        }
        return found;
    }

    private List<String> sent(int port, List<String> texts) throws Exception {
        Parser parser = strict.getPipeParser();
        Connection connection = strict.newClient("127.0.0.1", port, false);
        try {
            List<String> answers = new ArrayList<>();
            for (String text : texts) {
                Message answer = connection.getInitiator().sendAndReceive(parser.parse(text));
                Terser terser = new Terser(answer);
                answers.add(terser.get("/MSA-1") + " " + terser.get("/MSA-2"));
            }
            return answers;
        } finally {
            connection.close();
        }
    }

    private List<String> byCamel(int port, List<String> texts) throws Exception {
        try (CamelContext camel = new SimpleCamelContext()) {
            camel.start();
            ProducerTemplate producer = camel.createProducerTemplate();
            List<String> answers = new ArrayList<>();
            for (String text : texts) {
                answers.add(asked(producer, "mllp:127.0.0.1:" + port, text));
            }
            return answers;
        }
    }

    /** Camel raises an exception for every answer but AA and CA. */
    private static String asked(ProducerTemplate producer, String endpoint, String text) {
        var exchange = producer.request(endpoint, each -> each.getIn().setBody(text));
        if (exchange.getException() != null) {
            return exchange.getException().getClass().getSimpleName();
        }
        var message = exchange.getMessage();
        String answer = message.getHeader(MllpConstants.MLLP_ACKNOWLEDGEMENT_STRING, String.class);
        return message.getHeader(MllpConstants.MLLP_ACKNOWLEDGEMENT_TYPE) + " " + controlId(answer);
    }

    private static String controlId(String answer) {
        for (String segment : answer.split("\r")) {
            if (segment.startsWith("MSA|")) {
                return segment.split("\\|", -1).length > 2 ? segment.split("\\|", -1)[2] : "";
            }
        }
        return "";
    }
}
