"""Names that stand for collections: looked up, and switched in one step."""

from __future__ import annotations

from qdrant_client import models

from norm_aware.errors import CollectionError, CollectionNotFoundError, ServerError, UnsupportedError
from norm_aware.qdrant.calls import Steps, call


def resolve_alias(name: str) -> Steps[str]:
    """The collection that a name stands for: its own, or what it is an alias of."""
    return (yield from _aliases()).get(name, name)


def switch_alias(alias: str, collection: str) -> Steps[str | None]:
    """Let an alias stand for a collection from one request to the next, so that no search fails in between.

    Args:
        alias: new, or of another collection until now.
        collection: what it stands for from now on.

    Returns:
        Steps that end in what it stood for; None where it is new.

    Raises:
        CollectionNotFoundError: when there is no such collection.
        CollectionError: when a collection has the alias for its name, or the engine has no aliases.
    """
    names = {found.name for found in (yield call("get_collections")).collections}
    if collection not in names:
        raise CollectionNotFoundError(
            f"There is no collection {collection!r} that {alias!r} could stand for."
        )
    if alias in names:
        raise CollectionError(
            f"{alias!r} is the name of a collection, which an alias cannot have too; choose another "
            "alias, or delete that collection first."
        )
    before = (yield from _aliases()).get(alias)
    create = models.CreateAlias(collection_name=collection, alias_name=alias)
    changes: list[models.AliasOperations] = [models.CreateAliasOperation(create_alias=create)]
    if before is not None:
        delete = models.DeleteAlias(alias_name=alias)
        changes.insert(0, models.DeleteAliasOperation(delete_alias=delete))
    try:
        yield call("update_collection_aliases", change_aliases_operations=changes)
    except (AttributeError, UnsupportedError):
        raise CollectionError(
            f"This engine has no aliases; name {collection!r} itself where {alias!r} was to stand for it."
        ) from None
    except ServerError as error:
        # a server's answer may be lost after it has done the work
        if not error.uncertain or (yield from _aliases()).get(alias) != collection:
            raise
    return before


def _aliases() -> Steps[dict[str, str]]:
    """The collection of each alias; none where the engine has no aliases."""
    try:
        reply = yield call("get_aliases")
    except (AttributeError, UnsupportedError):
        return {}
    return {alias.alias_name: alias.collection_name for alias in reply.aliases}
