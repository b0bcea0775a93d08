"""Which findings a reader is asked about, by exam family; YAML files a site can add to."""

from services.reading.catalogue.files import CatalogueError
from services.reading.catalogue.library import Library, load
from services.reading.catalogue.names import candidate_from_name

__all__ = ["CatalogueError", "Library", "candidate_from_name", "load"]
