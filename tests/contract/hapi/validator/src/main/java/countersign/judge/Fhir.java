package countersign.judge;

import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.DefaultProfileValidationSupport;
import ca.uhn.fhir.parser.StrictErrorHandler;
import ca.uhn.fhir.rest.client.api.IGenericClient;
import ca.uhn.fhir.rest.client.api.ServerValidationModeEnum;
import ca.uhn.fhir.rest.client.interceptor.BearerTokenAuthInterceptor;
import ca.uhn.fhir.validation.FhirValidator;
import ca.uhn.fhir.validation.SingleValidationMessage;
import com.google.gson.Gson;
import com.google.gson.JsonObject;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.hl7.fhir.common.hapi.validation.support.CommonCodeSystemsTerminologyService;
import org.hl7.fhir.common.hapi.validation.support.InMemoryTerminologyServerValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.ValidationSupportChain;
import org.hl7.fhir.common.hapi.validation.validator.FhirInstanceValidator;
import org.hl7.fhir.r4.model.Bundle;

/**
 * Judges FHIR R4: a request a line on stdin, an answer a line on stdout.
 *
 * <p>{"do": "validate", "resource": {…}}: HL7's validator with the R4 definitions and no terminology server. {"do":
 * "search", "base": URL, "url": "Observation?…", "token": …}: HAPI's own client, its parser strict.
 */
public final class Fhir {
    private static final Gson GSON = new Gson();
    private final FhirContext context = FhirContext.forR4();
    private final FhirValidator validator = validator(context);

    public static void main(String[] arguments) throws Exception {
        Fhir judge = new Fhir();
        var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            System.out.println(GSON.toJson(judge.answer(GSON.fromJson(line, JsonObject.class))));
        }
    }

    private Map<String, ?> answer(JsonObject asked) {
        try {
            return asked.get("do").getAsString().equals("validate") ? validated(asked) : found(asked);
        } catch (RuntimeException failure) {
            return Map.of("error", String.valueOf(failure));
        }
    }

    private Map<String, ?> validated(JsonObject asked) {
        var result = validator.validateWithResult(GSON.toJson(asked.get("resource")));
        List<Map<String, String>> said = new ArrayList<>();
        for (SingleValidationMessage each : result.getMessages()) {
            said.add(Map.of(
                    "severity", each.getSeverity().getCode(),
                    "id", String.valueOf(each.getMessageId()),
                    "where", String.valueOf(each.getLocationString()),
                    "text", String.valueOf(each.getMessage())));
        }
        return Map.of("messages", said);
    }

    private Map<String, ?> found(JsonObject asked) {
        context.getRestfulClientFactory().setServerValidationMode(ServerValidationModeEnum.NEVER);
        context.setParserErrorHandler(new StrictErrorHandler());
        String base = asked.get("base").getAsString();
        IGenericClient client = context.newRestfulGenericClient(base);
        client.registerInterceptor(new BearerTokenAuthInterceptor(asked.get("token").getAsString()));
        String url = base + "/" + asked.get("url").getAsString();
        Bundle bundle = client.search().byUrl(url).returnBundle(Bundle.class).execute();
        List<String> references = new ArrayList<>();
        for (Bundle page = bundle; page != null; page = next(client, page)) {
            page.getEntry().forEach(entry -> references.add(
                    entry.getResource().fhirType() + "/" + entry.getResource().getIdElement().getIdPart()));
        }
        return Map.of("references", references, "total", bundle.getTotal());
    }

    private static Bundle next(IGenericClient client, Bundle page) {
        return page.getLink(Bundle.LINK_NEXT) == null ? null : client.loadPage().next(page).execute();
    }

    private static FhirValidator validator(FhirContext context) {
        var support = new ValidationSupportChain(
                new DefaultProfileValidationSupport(context),
                new CommonCodeSystemsTerminologyService(context),
                new InMemoryTerminologyServerValidationSupport(context));
        FhirInstanceValidator module = new FhirInstanceValidator(support);
        module.setErrorForUnknownProfiles(false);
        return context.newValidator().registerValidatorModule(module);
    }
}
