//! What is claimed, and what the case costs.

use super::SampleDocument;
use super::excel::{Cell, Sheet, excel, heads, text};
use super::facts::{
    BREUER, Facts, LOSS_OF_USE, MARR, OKORO, OPINION_FEE, REPAIR, STOCK, VOSS, claimed, stock,
};
use super::package::Properties;
use super::tree::{EXHIBITS, MONEY, single};
use chancery_proto::clock::Timestamp;

/// The rates of the letter of engagement, in cents for an hour.
const RATES: [(&str, i64); 3] = [
    (MARR.name, 32_000),
    (OKORO.name, 23_000),
    (BREUER.name, 8_500),
];

pub(super) fn documents(facts: Facts) -> Vec<SampleDocument> {
    let made = facts.visit.at(12, 0);
    vec![
        single(
            EXHIBITS,
            "K 8 Stock hall 7",
            "csv",
            VOSS.name,
            facts.notice.at(17, 40),
            stock_list(),
        ),
        single(
            MONEY,
            "Calculation of damages",
            "xlsx",
            OKORO.name,
            made,
            damages(None, made, made),
        )
        .then(
            facts.opinion,
            "Repair and fee as in the opinion",
            damages(Some((REPAIR, OPINION_FEE)), made, facts.opinion.at(16, 20)),
        ),
        single(
            MONEY,
            "Time and costs",
            "xlsx",
            BREUER.name,
            facts.reply.at(17, 0),
            time_and_costs(facts),
        ),
    ]
}

/// The spoiled stock as a spreadsheet program exports it.
pub(super) fn stock_list() -> Vec<u8> {
    let mut out = String::from("bay,goods,pallets,price_eur,value_eur\r\n");
    for (bay, goods, pallets, each) in STOCK {
        let value = pallets * each;
        out.push_str(&format!(
            "{bay},\"{goods}\",{pallets},{}.{:02},{}.{:02}\r\n",
            each / 100,
            each % 100,
            value / 100,
            value % 100
        ));
    }
    out.into_bytes()
}

/// The damages; repair and fee are estimates until the engineer has written.
fn damages(known: Option<(i64, i64)>, created: Timestamp, edited: Timestamp) -> Vec<u8> {
    let (repair, fee) = known.unwrap_or((19_500_000, 900_000));
    let basis = if known.is_some() {
        "Opinion 2217"
    } else {
        "Estimate"
    };
    let mut bays = vec![
        vec![Cell::Title("Stock, hall 7".to_owned())],
        vec![Cell::Empty],
        heads(&["Bay", "Goods", "Pallets", "Price", "Value"]),
    ];
    for (index, (bay, goods, pallets, each)) in STOCK.into_iter().enumerate() {
        let line = index + 4;
        bays.push(vec![
            text(bay),
            text(goods),
            Cell::Number(pallets),
            Cell::Money(each),
            Cell::Sum(format!("C{line}*D{line}"), pallets * each),
        ]);
    }
    let last = STOCK.len() + 3;
    bays.push(vec![
        text("Sum"),
        Cell::Empty,
        Cell::Empty,
        Cell::Empty,
        Cell::Sum(format!("SUM(E4:E{last})"), stock()),
    ]);
    let sum = repair + stock() + LOSS_OF_USE + fee;
    debug_assert!(known.is_none() || sum == claimed());
    let line = |what: &str, basis: &str, amount: Cell| vec![text(what), text(basis), amount];
    let summary = vec![
        vec![Cell::Title("Damages".to_owned())],
        vec![Cell::Empty],
        heads(&["Item", "Basis", "Amount"]),
        line(
            "New membrane, insulation, flashings",
            basis,
            Cell::Money(repair),
        ),
        line(
            "Stock spoiled",
            "Sheet Stock",
            Cell::Sum(format!("Stock!E{}", last + 1), stock()),
        ),
        line(
            "Half of the hall, three weeks",
            "Contract of storage",
            Cell::Money(LOSS_OF_USE),
        ),
        line("Fee of the engineer", basis, Cell::Money(fee)),
        line("Sum", "", Cell::Sum("SUM(C4:C7)".to_owned(), sum)),
    ];
    excel(
        &[
            Sheet {
                name: "Summary",
                columns: &[42, 24, 18],
                frozen: 3,
                rows: summary,
            },
            Sheet {
                name: "Stock",
                columns: &[10, 34, 12, 16, 18],
                frozen: 3,
                rows: bays,
            },
        ],
        Properties {
            title: "Calculation of damages",
            author: OKORO.name,
            created,
            edited,
        },
    )
}

fn time_and_costs(facts: Facts) -> Vec<u8> {
    let mut rows = vec![
        vec![Cell::Title("Time and costs, matter 20417-003".to_owned())],
        vec![Cell::Empty],
        heads(&["Day", "Who", "What", "Hours", "Rate", "Amount"]),
    ];
    let mut sum = 0;
    for (day, who, what, tenths) in [
        (facts.engaged, 0, "First advice, telephone and mail", 18),
        (facts.engaged, 2, "File opened, dates entered", 8),
        (facts.notice, 1, "Notice of defects", 32),
        (
            facts.refusal,
            0,
            "Reply of Dr. Pell read, call with client",
            11,
        ),
        (facts.offer, 0, "Offer to settle, two versions", 26),
        (facts.visit, 1, "Visit to the roof with the engineer", 45),
        (facts.opinion, 1, "Opinion read, outline of the claim", 38),
        (
            facts.calendar.day(55),
            1,
            "Statement of claim, full draft",
            94,
        ),
        (facts.claim, 0, "Statement of claim, final", 36),
        (facts.claim, 2, "Exhibits, filing", 29),
        (facts.defence, 0, "Defence read, case review", 24),
        (facts.reply, 1, "Reply, first draft; research", 57),
    ] {
        let (name, rate) = RATES.get(who).copied().unwrap_or(("", 0));
        let amount = rate * tenths / 10;
        sum += amount;
        let line = rows.len() + 1;
        rows.push(vec![
            Cell::Date(day),
            text(name),
            text(what),
            Cell::Hours(tenths),
            Cell::Money(rate),
            Cell::Sum(format!("D{line}*E{line}"), amount),
        ]);
    }
    let last = rows.len();
    let line = |label: &str, cell: Cell| {
        vec![
            Cell::Empty,
            Cell::Empty,
            text(label),
            Cell::Empty,
            Cell::Empty,
            cell,
        ]
    };
    rows.push(line("Sum", Cell::Sum(format!("SUM(F4:F{last})"), sum)));
    let limit = 4_000_000;
    rows.push(line("Told to the client from", Cell::Money(limit)));
    rows.push(line("Share of that", Cell::Share(sum * 1000 / limit)));
    let made = facts.reply.at(17, 0);
    excel(
        &[Sheet {
            name: "Time",
            columns: &[14, 18, 46, 12, 14, 16],
            frozen: 3,
            rows,
        }],
        Properties {
            title: "Time and costs",
            author: BREUER.name,
            created: made,
            edited: made,
        },
    )
}
