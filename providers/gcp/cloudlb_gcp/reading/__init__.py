"""From the API's JSON to our typed resources, one file a kind."""
