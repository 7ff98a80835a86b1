"""FHIR R4: an operation that answers a DocumentReference with a Bundle of suggestions and their evidence."""
