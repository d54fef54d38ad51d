"""Where the records of each class go, and how they become rows there."""

from storage import models, records
from storage.intake import billing_rows, relation_rows
from storage.intake.writing import Row, Side, Target, Writing

__all__ = ["TARGETS", "Row", "Side", "Target", "Writing"]

TARGETS: dict[type[records.Record], Target] = {
    records.Product: Target(models.Product, billing_rows.product_row),
    records.Price: Target(models.Price, billing_rows.price_row),
    records.Customer: Target(
        models.Customer,
        relation_rows.customer_row,
        keep=frozenset({"profile_id"}),
        customer_column="id",
        sides=(
            Side(models.CustomerLink, "customer_id", relation_rows.link_rows),
            Side(models.CustomerTag, "customer_id", relation_rows.customer_tag_rows),
        ),
    ),
    records.Subscription: Target(
        models.Subscription,
        billing_rows.subscription_row,
        keep=frozenset({"first_seen_at"}),
        customer_column="customer_id",
    ),
    records.Invoice: Target(models.Invoice, billing_rows.invoice_row, customer_column="customer_id"),
    records.Payment: Target(models.Payment, billing_rows.payment_row, customer_column="customer_id"),
    records.Refund: Target(models.Refund, billing_rows.money_back_row),
    records.Dispute: Target(models.Dispute, billing_rows.money_back_row),
    records.Owner: Target(models.Owner, relation_rows.owner_row),
    records.Contact: Target(
        models.Contact,
        relation_rows.contact_row,
        sides=(Side(models.ContactCustomer, "contact_id", relation_rows.contact_customer_rows),),
    ),
    records.Conversation: Target(
        models.Ticket,
        relation_rows.ticket_row,
        sides=(Side(models.TicketTag, "ticket_id", relation_rows.ticket_tag_rows),),
    ),
    records.Rating: Target(models.TicketRating, relation_rows.rating_row),
    records.Stage: Target(models.Stage, relation_rows.stage_row),
    records.Deal: Target(models.Deal, relation_rows.deal_row),
}
