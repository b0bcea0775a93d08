# HAPI FHIR's JPA server by the start program of tests/contract/hapi, in the place of hapiproject/hapi: the same settings.
ARG BASE_IMAGE
FROM ${BASE_IMAGE}
COPY lib /opt/hapi/lib
COPY classes /opt/hapi/classes
ENV SERVER_ADDRESS=0.0.0.0
USER 65532:65532
ENTRYPOINT ["java", "-Xmx1g", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", "/opt/hapi/classes:/opt/hapi/lib/*", "countersign.ehr.Main"]
