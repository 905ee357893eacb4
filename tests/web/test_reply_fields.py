"""What is said of each field of bodies and replies."""

from service.web.openapi import openapi
from service.web.reply_fields import FIELDS


def test_each_field_of_each_type_says_what_it_means_and_no_other_does():
    schemas = openapi()["components"]["schemas"]
    fields = {name: set(schema["properties"]) for name, schema in schemas.items() if "properties" in schema}
    assert {name: set(meanings) for name, meanings in FIELDS.items()} == fields
