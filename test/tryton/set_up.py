"""A company to trade with: books, a warehouse with stock, parties, products, users. Run by Debian's Python, in-process.

Usage: set_up.py CONFIGURATION DATABASE
"""
import os
import sys
from decimal import Decimal

configuration, database = sys.argv[1:]
os.environ["DB_NAME"] = database  # Tryton's own helpers ask for it.

from proteus import Model, config  # noqa: E402

connection = config.set_trytond(os.environ["TRYTON_URI"] + database, user="admin", config_file=configuration)

from trytond.modules.account.tests.tools import (  # noqa: E402
    create_chart, create_fiscalyear, create_tax, get_accounts)
from trytond.modules.account_invoice.tests.tools import (  # noqa: E402
    create_payment_term, set_fiscalyear_invoice_sequences)
from trytond.modules.company.tests.tools import create_company, get_company  # noqa: E402
from trytond.modules.currency.tests.tools import get_currency  # noqa: E402

get = Model.get


def books():
    currency = get_currency("GBP")
    create_company(currency=currency)
    company = get_company()
    user = get("res.user")(connection.user)
    user.companies.append(company)
    user.company = company
    user.save()
    connection._context = get("res.user").get_preferences(True, {})
    year = set_fiscalyear_invoice_sequences(create_fiscalyear(company))
    year.click("create_period")
    create_chart(company)
    create_payment_term().save()
    country = get("country.country")(name="France", code="FR")
    country.save()
    get("country.country")(name="United Kingdom", code="GB").save()
    return company, get_accounts(company), country


def categories(accounts):
    tax = create_tax(Decimal(".20"))
    tax.save()
    Category = get("product.category")
    plain = Category(name="Plain", accounting=True)
    plain.account_expense = accounts["expense"]
    plain.account_revenue = accounts["revenue"]
    plain.save()
    taxed, = plain.duplicate()
    taxed.name = "Taxed"
    taxed.customer_taxes.append(tax)
    taxed.save()
    return plain, taxed


def product(code, name, category, kind="goods", unit="Unit"):
    Uom = get("product.uom")
    template = get("product.template")(name=name, type=kind, salable=True, list_price=Decimal("10"))
    template.default_uom, = Uom.find([("name", "=", unit)])
    template.account_category = category
    if kind == "goods":
        template.purchasable = True
    template.save()
    made, = template.products
    made.suffix_code = code  # `code` is made of the template's and this.
    made.save()
    return made


def party(code, name, country=None):
    made = get("party.party")(name=name, code=code)
    made.addresses[0].country = country
    made.save()
    return made


def stock(quantities):
    storage, = get("stock.location").find([("code", "=", "STO")])
    inventory = get("stock.inventory")(location=storage)
    for item, quantity in quantities:
        line = inventory.lines.new(product=item)
        line.quantity = quantity
    inventory.click("confirm")


def warehouse(code):
    Location = get("stock.location")
    made = Location(name=code, code=code, type="warehouse")
    for role in ("input", "output", "storage"):
        part = Location(name=f"{code} {role}", code=f"{code}-{role}", type="storage")
        part.save()
        setattr(made, f"{role}_location", part)
    made.save()


def user(login, groups, company):
    made = get("res.user")(name=login, login=login, password="Wq8#" + login + "!zT5k")
    made.companies.append(get("company.company")(company.id))
    made.company = get("company.company")(company.id)
    for name in groups:
        group, = get("res.group").find([("name", "=", name)])
        made.groups.append(group)
    made.save()


company, accounts, france = books()
plain, taxed = categories(accounts)
lamp = product("85123A", "Lampe à suspendre « cœur » 白", taxed)
dozen = product("22423", "Cake stand", taxed)
wool = product("WOOL", "Wool by weight", plain, unit="Kilogram")
product("FREIGHT", "Freight", plain, kind="service")
stock([(lamp, 100.0), (dozen, 24.0), (wool, 12.5)])
warehouse("WH2")
party("C-1", "Zoë Müller & Söhne", france)
limited = party("C-LIMIT", "Limited", france)
limited.credit_limit_amount = Decimal("10")
limited.save()
party("S-1", "Supplier", france)
user("crossdock", ["Sales", "Stock", "Purchase", "Account", "Account Credit Limit"], company)
user("clerk", ["Sales", "Stock", "Purchase", "Account"], company)
